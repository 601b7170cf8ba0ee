//! The stand-in for EventBridge. It keeps the events, and queues each for its consumers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use stockroom_domain::source::Sources;
use stockroom_notify::{Bus, BusEntry};

use crate::proxy_event::ACCOUNT_ID;

/// The number of latest events that are kept for `/_local/events.json`.
const MAX_EVENTS: usize = 10_000;

/// The bus. Clones share the events.
#[derive(Debug, Clone)]
pub struct LocalBus {
    sources: Sources,
    events: Arc<Mutex<Events>>,
}

#[derive(Debug, Default)]
struct Events {
    kept: VecDeque<Value>,
    /// Events that are not delivered yet.
    waiting: VecDeque<Value>,
}

impl LocalBus {
    pub(crate) fn new(sources: Sources) -> Self {
        Self { sources, events: Arc::default() }
    }

    fn events(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The kept events in their envelopes, oldest first.
    #[must_use]
    pub fn kept(&self) -> Vec<Value> {
        self.events().kept.iter().cloned().collect()
    }

    /// Removes and returns the events that are not delivered yet.
    pub(crate) fn take_waiting(&self) -> VecDeque<Value> {
        std::mem::take(&mut self.events().waiting)
    }

    fn envelope(&self, entry: &BusEntry) -> Result<Value, serde_json::Error> {
        let detail: Value = serde_json::from_str(&entry.detail)?;
        Ok(json!({
            "version": "0",
            "id": uuid::Builder::from_random_bytes(self.sources.bytes()).into_uuid(),
            "detail-type": entry.detail_type,
            "source": entry.source,
            "account": ACCOUNT_ID,
            "time": entry.time,
            "region": "us-east-1",
            "resources": [],
            "detail": detail,
        }))
    }
}

impl Bus for LocalBus {
    async fn put(&self, entries: &[BusEntry]) -> Vec<Result<(), String>> {
        let put = |entry: &BusEntry| {
            let event = self.envelope(entry).map_err(|error| error.to_string())?;
            let mut events = self.events();
            if events.kept.len() == MAX_EVENTS {
                events.kept.pop_front();
            }
            events.kept.push_back(event.clone());
            events.waiting.push_back(event);
            Ok(())
        };
        entries.iter().map(put).collect()
    }
}
