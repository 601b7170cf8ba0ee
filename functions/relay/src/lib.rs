//! Relay: publishes the events of new log entries from the stream of the table on the bus. Tests:
//! `tests/api/bus/relay.rs`.
//!
//! Every event is published at least once. A batch that is delivered again publishes its events again, with the same
//! ids.

mod batch;

use aws_lambda_events::streams::DynamoDbEventResponse;
use serde_json::Value;
use stockroom_domain::source::Sources;
use stockroom_notify::{Bus, publish_all};
use stockroom_runtime::Group;

use crate::batch::Batch;

/// The settings that this function reads.
pub const SETTINGS: &[Group] = &[Group::Bus];

/// Publishes the events of a batch. The response lists the records that must be delivered again: those with an event
/// that the bus rejected, and unreadable ones.
pub async fn relay(bus: &impl Bus, sources: &Sources, batch: Value) -> DynamoDbEventResponse {
    let mut batch = Batch::read(batch);
    let entries = std::mem::take(&mut batch.entries);
    let failed = publish_all(bus, sources, entries).await;
    batch.failed(failed)
}
