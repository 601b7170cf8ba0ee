//! Relay: carries what the log tells from the table's stream to the bus.
//!
//! Every event reaches the bus at least once; a batch that comes again puts its events there again, under the same ids.

mod batch;

use std::time::Duration;

use aws_lambda_events::streams::DynamoDbEventResponse;
use serde_json::Value;
use stockroom_domain::source::Sources;
use stockroom_notify::{Bus, BusEntry, LARGEST_ENTRY, MOST_ENTRIES};

use crate::batch::Batch;

/// How often an entry is put on the bus before its record is left to a later batch.
const TRIES: u32 = 4;
/// The longest pause behind the first try; it doubles.
const PAUSE: Duration = Duration::from_millis(50);

/// Puts what a batch of the stream tells on the bus, and names the records that are to come again: those with an event
/// that the bus did not take, and those that cannot be read, whatever becomes of the others.
pub async fn relay(bus: &impl Bus, sources: &Sources, batch: Value) -> DynamoDbEventResponse {
    let mut batch = Batch::read(batch);
    let mut waiting = std::mem::take(&mut batch.entries);
    let mut pause = PAUSE;
    for attempt in 1..=TRIES {
        let mut failed = Vec::new();
        for group in groups(waiting) {
            failed.extend(put(bus, group).await);
        }
        waiting = failed;
        if waiting.is_empty() || attempt == TRIES {
            break;
        }
        let millis = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        tokio::time::sleep(Duration::from_millis(sources.below(millis.saturating_add(1)))).await;
        pause = pause.saturating_mul(2);
    }
    batch.failed(waiting.into_iter().map(|(record, _)| record))
}

/// An entry, and the place in the batch of the record that tells it.
type Waiting = (usize, BusEntry);

/// Entries in their order, as many in one call as it takes.
fn groups(entries: Vec<Waiting>) -> Vec<Vec<Waiting>> {
    let mut groups: Vec<Vec<Waiting>> = Vec::new();
    let mut size = 0_usize;
    for waiting in entries {
        let more = size.saturating_add(waiting.1.size());
        if let Some(group) = groups.last_mut().filter(|group| group.len() < MOST_ENTRIES && more <= LARGEST_ENTRY) {
            size = more;
            group.push(waiting);
        } else {
            size = waiting.1.size();
            groups.push(vec![waiting]);
        }
    }
    groups
}

/// One call. Gives back what was not taken.
async fn put(bus: &impl Bus, group: Vec<Waiting>) -> Vec<Waiting> {
    let (records, entries): (Vec<usize>, Vec<BusEntry>) = group.into_iter().unzip();
    let mut results = bus.put(&entries).await.into_iter();
    let mut failed = Vec::new();
    for waiting in records.into_iter().zip(entries) {
        if let Err(reason) = results.next().unwrap_or_else(|| Err("the bus said nothing of it".to_owned())) {
            tracing::warn!(detail_type = waiting.1.detail_type, reason, "the bus did not take an event");
            failed.push(waiting);
        }
    }
    failed
}
