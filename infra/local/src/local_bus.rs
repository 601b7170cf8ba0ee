//! The stand-in for EventBridge: keeps what is put on the bus, and hands it to the functions that follow it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use stockroom_domain::source::Sources;
use stockroom_notify::{Bus, BusEntry};

use crate::event::ACCOUNT_ID;

/// How many events are kept to be looked at: the latest.
const MOST_EVENTS: usize = 10_000;

/// The bus; clones are the same one.
#[derive(Debug, Clone)]
pub struct LocalBus {
    sources: Sources,
    events: Arc<Mutex<Events>>,
}

#[derive(Debug, Default)]
struct Events {
    seen: VecDeque<Value>,
    /// Not delivered yet.
    waiting: VecDeque<Value>,
}

impl LocalBus {
    pub(crate) fn new(sources: Sources) -> Self {
        Self { sources, events: Arc::default() }
    }

    fn events(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that was put, oldest first, in the envelope in which it is delivered.
    #[must_use]
    pub fn seen(&self) -> Vec<Value> {
        self.events().seen.iter().cloned().collect()
    }

    /// Takes out what is to be delivered.
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
            if events.seen.len() == MOST_EVENTS {
                events.seen.pop_front();
            }
            events.seen.push_back(event.clone());
            events.waiting.push_back(event);
            Ok(())
        };
        entries.iter().map(put).collect()
    }
}
