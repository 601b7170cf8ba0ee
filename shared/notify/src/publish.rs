//! Publishes any number of events on the bus, and retries those that it rejects.

use std::time::Duration;

use stockroom_domain::source::Sources;
use stockroom_runtime::metrics;

use crate::bus::{Bus, BusEntry, MAX_ENTRIES, MAX_ENTRY_BYTES};

/// The number of attempts for an entry.
const MAX_ATTEMPTS: u32 = 4;
/// The longest pause after the first attempt; it doubles.
const MAX_PAUSE: Duration = Duration::from_millis(50);

/// Publishes entries in their order, each with a key of its caller. Returns the keys of the entries that the bus
/// rejected at every attempt.
pub async fn publish_all<K: Send>(bus: &impl Bus, sources: &Sources, entries: Vec<(K, BusEntry)>) -> Vec<K> {
    if entries.is_empty() {
        return Vec::new();
    }
    let count = entries.len();
    let mut waiting = entries;
    let mut pause = MAX_PAUSE;
    for attempt in 1..=MAX_ATTEMPTS {
        let mut failed = Vec::new();
        for group in groups(waiting) {
            failed.extend(publish(bus, group).await);
        }
        waiting = failed;
        if waiting.is_empty() || attempt == MAX_ATTEMPTS {
            break;
        }
        let millis = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        tokio::time::sleep(Duration::from_millis(sources.below(millis.saturating_add(1)))).await;
        pause = pause.saturating_mul(2);
    }
    tracing::info!(
        target: metrics::EVENTS,
        events_put = count.saturating_sub(waiting.len()),
        events_not_taken = waiting.len(),
        "events"
    );
    waiting.into_iter().map(|(key, _)| key).collect()
}

/// The entries of each call, as many as it can take.
fn groups<K>(entries: Vec<(K, BusEntry)>) -> Vec<Vec<(K, BusEntry)>> {
    let mut groups: Vec<Vec<(K, BusEntry)>> = Vec::new();
    let mut size = 0_usize;
    for waiting in entries {
        let more = size.saturating_add(waiting.1.size());
        if let Some(group) = groups.last_mut().filter(|group| group.len() < MAX_ENTRIES && more <= MAX_ENTRY_BYTES) {
            size = more;
            group.push(waiting);
        } else {
            size = waiting.1.size();
            groups.push(vec![waiting]);
        }
    }
    groups
}

/// One call. Returns the rejected entries.
async fn publish<K>(bus: &impl Bus, group: Vec<(K, BusEntry)>) -> Vec<(K, BusEntry)> {
    let (keys, entries): (Vec<K>, Vec<BusEntry>) = group.into_iter().unzip();
    let mut results = bus.put(&entries).await.into_iter();
    let mut failed = Vec::new();
    for waiting in keys.into_iter().zip(entries) {
        if let Err(reason) = results.next().unwrap_or_else(|| Err("the bus returned no result for it".to_owned())) {
            tracing::warn!(detail_type = waiting.1.detail_type, reason, "the bus rejected an event");
            failed.push(waiting);
        }
    }
    failed
}
