//! A batch of the stream, read record by record so that one that cannot be read fails alone.

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
    /// What the records tell, in the order of the stream, each with the place of its record.
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
            // Without a number to be named by, a record is named by none, which has the whole batch come again.
            let number =
                record.pointer("/dynamodb/SequenceNumber").and_then(Value::as_str).unwrap_or_default().to_owned();
            match told(record) {
                Ok(entries) => read.entries.extend(entries.into_iter().map(|entry| (place, entry))),
                Err(reason) => {
                    // The record itself may hold what no log is to hold.
                    tracing::error!(sequence_number = number, reason, "unreadable stream record");
                    report("unreadable_record", &reason, None);
                    read.unreadable.insert(place);
                }
            }
            read.sequence_numbers.push(number);
        }
        read
    }

    /// The answer when these records have failed beside those that could not be read: each is named once.
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

/// What a record tells. Entries of the log are put and never changed; when one is deleted, nothing is told.
fn told(record: Value) -> Result<Vec<BusEntry>, String> {
    let record = EventRecord::deserialize(record).map_err(|error| error.to_string())?;
    if record.event_name != "INSERT" {
        return Ok(Vec::new());
    }
    let Some(told) = events_from(record.change.new_image).map_err(|error| error.to_string())? else {
        return Ok(Vec::new());
    };
    let entries = told.events.iter().map(|event| BusEntry::of(told.organization, event));
    entries.collect::<Result<_, _>>().map_err(|error| error.to_string())
}
