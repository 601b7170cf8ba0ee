//! The bus.

use aws_sdk_eventbridge::{
    Client,
    error::DisplayErrorContext,
    primitives::DateTime,
    types::{PutEventsRequestEntry, PutEventsResultEntry},
};
use stockroom_domain::{id::OrganizationId, time::Timestamp};
use stockroom_store::DomainEvent;

use crate::{connection::sdk_config, detail::Detail};

/// The `source` of everything that happens in an organization.
pub const SOURCE: &str = "stockroom";
/// The most entries of one call.
pub const MOST_ENTRIES: usize = 10;
/// The most bytes of an entry, and of all entries of one call, as EventBridge counts them: below its 256 KB, since the
/// service adds an envelope.
pub const LARGEST_ENTRY: usize = 250 * 1024;

/// An event on its way to the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusEntry {
    /// Who tells it: [`SOURCE`], or a part of the product that tells itself something.
    pub source: &'static str,
    /// The event's type.
    pub detail_type: String,
    /// What it says, in JSON: a [`Detail`], or what a part of the product tells itself.
    pub detail: String,
    /// When it happened.
    pub time: Timestamp,
}

impl BusEntry {
    /// The entry of an event: a reference when it is too large.
    ///
    /// # Errors
    /// A value that has no form in JSON, which none has.
    pub fn of(organization: OrganizationId, event: &DomainEvent) -> Result<Self, serde_json::Error> {
        let detail = Detail::of(organization, event)?;
        let entry = |detail: &Detail| {
            let detail_type = event.kind.to_string();
            Ok(Self { source: SOURCE, detail_type, detail: serde_json::to_string(detail)?, time: detail.occurred_at })
        };
        let whole = entry(&detail)?;
        if whole.size() <= LARGEST_ENTRY { Ok(whole) } else { entry(&detail.into_reference()) }
    }

    /// How many bytes EventBridge counts.
    #[must_use]
    pub fn size(&self) -> usize {
        /// What the time counts for.
        const TIME: usize = 14;
        [self.source.len(), self.detail_type.len(), self.detail.len()].iter().sum::<usize>().saturating_add(TIME)
    }
}

/// Where events are put.
pub trait Bus: Send + Sync {
    /// Puts up to [`MOST_ENTRIES`] at once, and tells of each why it was not taken, in their order. Nothing is tried again
    /// here.
    fn put(&self, entries: &[BusEntry]) -> impl Future<Output = Vec<Result<(), String>>> + Send;
}

/// A bus of EventBridge.
#[derive(Debug, Clone)]
pub struct EventBridge {
    client: Client,
    name: String,
}

impl EventBridge {
    /// Makes the client; connects with the first call. The SDK's own retries are off: single entries fail, not calls.
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
                (0..entries.len()).map(|place| taken(results.get(place))).collect()
            }
            Err(error) => {
                let reason = DisplayErrorContext(error).to_string();
                entries.iter().map(|_| Err(reason.clone())).collect()
            }
        }
    }
}

/// An entry was taken when it was given an id.
fn taken(result: Option<&PutEventsResultEntry>) -> Result<(), String> {
    match result {
        Some(result) if result.event_id().is_some() && result.error_code().is_none() => Ok(()),
        Some(result) => Err(format!(
            "{}: {}",
            result.error_code().unwrap_or("no event id"),
            result.error_message().unwrap_or_default()
        )),
        None => Err("the answer has no result for it".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn put_result_without_an_event_id_is_a_failure() {
        let result = PutEventsResultEntry::builder();
        assert!(taken(Some(&result.clone().event_id("1").build())).is_ok());
        assert!(taken(Some(&result.clone().build())).is_err() && taken(None).is_err());
        let refused = result.error_code("ThrottlingException").error_message("later").build();
        assert_eq!(taken(Some(&refused)).unwrap_err(), "ThrottlingException: later");
    }
}
