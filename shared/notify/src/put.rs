//! Putting events on the bus, however many, and again those that it did not take.

use std::time::Duration;

use stockroom_domain::source::Sources;
use stockroom_runtime::metrics;

use crate::bus::{Bus, BusEntry, LARGEST_ENTRY, MOST_ENTRIES};

/// How often an entry is put before it is left.
const TRIES: u32 = 4;
/// The longest pause behind the first try; it doubles.
const PAUSE: Duration = Duration::from_millis(50);

/// Puts entries on the bus in their order, each with whatever its caller knows it by; gives back those that the bus did
/// not take, however often it was asked.
pub async fn put_all<K: Send>(bus: &impl Bus, sources: &Sources, entries: Vec<(K, BusEntry)>) -> Vec<K> {
    if entries.is_empty() {
        return Vec::new();
    }
    let count = entries.len();
    let mut waiting = entries;
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
    tracing::info!(
        target: metrics::EVENTS,
        events_put = count.saturating_sub(waiting.len()),
        events_not_taken = waiting.len(),
        "events"
    );
    waiting.into_iter().map(|(known_by, _)| known_by).collect()
}

/// As many in one call as it takes.
fn groups<K>(entries: Vec<(K, BusEntry)>) -> Vec<Vec<(K, BusEntry)>> {
    let mut groups: Vec<Vec<(K, BusEntry)>> = Vec::new();
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
async fn put<K>(bus: &impl Bus, group: Vec<(K, BusEntry)>) -> Vec<(K, BusEntry)> {
    let (known_by, entries): (Vec<K>, Vec<BusEntry>) = group.into_iter().unzip();
    let mut results = bus.put(&entries).await.into_iter();
    let mut failed = Vec::new();
    for waiting in known_by.into_iter().zip(entries) {
        if let Err(reason) = results.next().unwrap_or_else(|| Err("the bus said nothing of it".to_owned())) {
            tracing::warn!(detail_type = waiting.1.detail_type, reason, "the bus did not take an event");
            failed.push(waiting);
        }
    }
    failed
}
