//! Reads a batch of the stream record by record, so that an unreadable record fails alone.

use std::collections::BTreeSet;

use aws_lambda_events::{
    dynamodb::EventRecord,
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use serde::Deserialize as _;
use serde_json::Value;
use stockroom_notify::BusEntry;
use stockroom_runtime::report;
use stockroom_store::events_from;

#[derive(Debug)]
pub(crate) struct Batch {
    /// The events of the records in the order of the stream, each with the place of its record.
    pub(crate) entries: Vec<(usize, BusEntry)>,
    /// The sequence numbers of all records.
    sequence_numbers: Vec<String>,
    unreadable: BTreeSet<usize>,
}

impl Batch {
    pub(crate) fn read(mut batch: Value) -> Self {
        let records = match batch.get_mut("Records").map(Value::take) {
            Some(Value::Array(records)) => records,
            _ => Vec::new(),
        };
        let mut read = Self { entries: Vec::new(), sequence_numbers: Vec::new(), unreadable: BTreeSet::new() };
        for (place, record) in records.into_iter().enumerate() {
            // A record without a number is reported as an empty number, and the whole batch is delivered again.
            let number =
                record.pointer("/dynamodb/SequenceNumber").and_then(Value::as_str).unwrap_or_default().to_owned();
            match events_of(record) {
                Ok(entries) => read.entries.extend(entries.into_iter().map(|entry| (place, entry))),
                Err(reason) => {
                    // The record may contain secrets, so it is not logged.
                    tracing::error!(sequence_number = number, reason, "unreadable stream record");
                    report("unreadable_record", &reason, None);
                    read.unreadable.insert(place);
                }
            }
            read.sequence_numbers.push(number);
        }
        read
    }

    /// The response when these records failed too: it has each failed and each unreadable record once.
    pub(crate) fn failed(self, records: Vec<usize>) -> DynamoDbEventResponse {
        let failed: BTreeSet<usize> = records.into_iter().chain(self.unreadable).collect();
        let mut response = DynamoDbEventResponse::default();
        for place in failed {
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = Some(self.sequence_numbers.get(place).cloned().unwrap_or_default());
            response.batch_item_failures.push(failure);
        }
        response
    }
}

/// The events of a record. Log entries are put and never changed; the deletion of one has no event.
fn events_of(record: Value) -> Result<Vec<BusEntry>, String> {
    let record = EventRecord::deserialize(record).map_err(|error| error.to_string())?;
    if record.event_name != "INSERT" {
        return Ok(Vec::new());
    }
    let Some(log) = events_from(record.change.new_image).map_err(|error| error.to_string())? else {
        return Ok(Vec::new());
    };
    let entries = log.events.iter().map(|event| BusEntry::of(log.organization, event));
    entries.collect::<Result<_, _>>().map_err(|error| error.to_string())
}
