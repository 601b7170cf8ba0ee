//! The event bus: EventBridge.

use aws_sdk_eventbridge::{
    Client,
    error::DisplayErrorContext,
    primitives::DateTime,
    types::{PutEventsRequestEntry, PutEventsResultEntry},
};
use stockroom_domain::{id::OrganizationId, time::Timestamp};
use stockroom_store::DomainEvent;

use crate::{connection::sdk_config, detail::Detail};

/// The `source` of all events of organizations.
pub const SOURCE: &str = "stockroom";
/// The maximum number of entries of one call.
pub const MAX_ENTRIES: usize = 10;
/// The maximum size of an entry, and of all entries of one call, in bytes as EventBridge counts them: below its 256 KB,
/// because the service adds an envelope.
pub const MAX_ENTRY_BYTES: usize = 250 * 1024;

/// An event on its way to the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusEntry {
    /// [`SOURCE`], or the source of events between parts of the product.
    pub source: &'static str,
    /// The event's type.
    pub detail_type: String,
    /// JSON: a [`Detail`], or that of an event between parts of the product.
    pub detail: String,
    /// The time of the event.
    pub time: Timestamp,
}

impl BusEntry {
    /// The entry of an event. If it is too large, the entry is a reference to the event.
    ///
    /// # Errors
    /// A value without a form in JSON, which does not occur.
    pub fn of(organization: OrganizationId, event: &DomainEvent) -> Result<Self, serde_json::Error> {
        let detail = Detail::of(organization, event)?;
        let entry = |detail: &Detail| {
            let detail_type = event.kind.to_string();
            Ok(Self { source: SOURCE, detail_type, detail: serde_json::to_string(detail)?, time: detail.occurred_at })
        };
        let whole = entry(&detail)?;
        if whole.size() <= MAX_ENTRY_BYTES { Ok(whole) } else { entry(&detail.into_reference()) }
    }

    /// The size in bytes as EventBridge counts it.
    #[must_use]
    pub fn size(&self) -> usize {
        /// The size of the time.
        const TIME: usize = 14;
        [self.source.len(), self.detail_type.len(), self.detail.len()].iter().sum::<usize>().saturating_add(TIME)
    }
}

/// Publishes events.
pub trait Bus: Send + Sync {
    /// Publishes up to [`MAX_ENTRIES`] in one call, without a retry. Returns the result of each in their order, an
    /// error with the reason of the rejection.
    fn put(&self, entries: &[BusEntry]) -> impl Future<Output = Vec<Result<(), String>>> + Send;
}

/// A bus of EventBridge.
#[derive(Debug, Clone)]
pub struct EventBridge {
    client: Client,
    name: String,
}

impl EventBridge {
    /// Makes the client, which connects with its first call. The retries of the SDK are off: single entries fail, not
    /// calls.
    #[must_use]
    pub fn new(config: &stockroom_runtime::Config) -> Self {
        let settings = sdk_config(config.connection.clone(), config.events_endpoint.clone());
        Self { client: Client::new(&settings), name: config.event_bus_name.clone() }
    }

    fn entry(&self, entry: &BusEntry) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(entry.source)
            .detail_type(&entry.detail_type)
            .detail(&entry.detail)
            .time(DateTime::from_millis(i64::try_from(entry.time.unix_millis()).unwrap_or_default()))
            .build()
    }
}

impl Bus for EventBridge {
    async fn put(&self, entries: &[BusEntry]) -> Vec<Result<(), String>> {
        let call = self.client.put_events().set_entries(Some(entries.iter().map(|entry| self.entry(entry)).collect()));
        match Box::pin(call.send()).await {
            Ok(output) => {
                let results = output.entries.unwrap_or_default();
                (0..entries.len()).map(|place| accepted(results.get(place))).collect()
            }
            Err(error) => {
                let reason = DisplayErrorContext(error).to_string();
                entries.iter().map(|_| Err(reason.clone())).collect()
            }
        }
    }
}

/// An accepted entry has an id.
fn accepted(result: Option<&PutEventsResultEntry>) -> Result<(), String> {
    match result {
        Some(result) if result.event_id().is_some() && result.error_code().is_none() => Ok(()),
        Some(result) => Err(format!(
            "{}: {}",
            result.error_code().unwrap_or("no event id"),
            result.error_message().unwrap_or_default()
        )),
        None => Err("the response has no result for it".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn put_result_without_an_event_id_is_a_failure() {
        let result = PutEventsResultEntry::builder();
        assert!(accepted(Some(&result.clone().event_id("1").build())).is_ok());
        assert!(accepted(Some(&result.clone().build())).is_err() && accepted(None).is_err());
        let refused = result.error_code("ThrottlingException").error_message("later").build();
        assert_eq!(accepted(Some(&refused)).unwrap_err(), "ThrottlingException: later");
    }
}
