//! Relay: carries what the log tells from the table's stream to the bus.
//!
//! Every event reaches the bus at least once; a batch that comes again puts its events there again, under the same ids.

mod batch;

use aws_lambda_events::streams::DynamoDbEventResponse;
use serde_json::Value;
use stockroom_domain::source::Sources;
use stockroom_notify::{Bus, put_all};
use stockroom_runtime::Group;

use crate::batch::Batch;

/// The settings that this function reads.
pub const SETTINGS: &[Group] = &[Group::Bus];

/// Puts what a batch of the stream tells on the bus, and names the records that are to come again: those with an event
/// that the bus did not take, and those that cannot be read, whatever becomes of the others.
pub async fn relay(bus: &impl Bus, sources: &Sources, batch: Value) -> DynamoDbEventResponse {
    let mut batch = Batch::read(batch);
    let entries = std::mem::take(&mut batch.entries);
    let failed = put_all(bus, sources, entries).await;
    batch.failed(failed)
}
