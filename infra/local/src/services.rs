//! The services around the functions: the table's stream, the bus, its consumers, the schedules and the mailbox.
//!
//! The stream is read from the moment of creation. Older entries, such as those of the demo, are not delivered.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dynoxide::actions::{
    describe_stream::DescribeStreamRequest, get_records::GetRecordsRequest,
    get_shard_iterator::GetShardIteratorRequest, list_streams::ListStreamsRequest,
};
use dynoxide::{Database, DynoxideError};
use serde_json::{Value, json};
use stockroom_domain::{source::Sources, time::Timestamp};
use stockroom_jobs::Job;
use stockroom_runtime::{ConfigError, Runtime};
use tokio::sync::Mutex;

use crate::consumers::{Consumers, Target, targets};
use crate::local_bus::LocalBus;
use crate::mailbox::Mailbox;
use crate::organization_names::OrganizationNames;
use crate::schedules::Timetable;

/// Pause between two reads of the stream.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// The largest number of records in a batch.
const MAX_BATCH_RECORDS: usize = 100;
/// Deliveries of an event before it is dropped.
const MAX_DELIVERIES: u32 = 5;

/// Why the services cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServicesError {
    #[error("the table's stream cannot be read: {0}")]
    Stream(#[from] DynoxideError),
    #[error("the table has no stream: delete the data directory, or use another --data-dir")]
    NoStream,
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// Why a run of a job is incomplete.
#[derive(Debug, thiserror::Error)]
pub enum JobRunError {
    #[error("the job failed: {0}")]
    Failed(String),
    #[error("{0} events of the run were dropped after 5 failed deliveries; the log has the errors")]
    Dropped(u64),
    #[error("the table's stream cannot be read: {0}")]
    Stream(#[from] DynoxideError),
}

/// The stream, the bus, its consumers and the mailbox of one table.
#[derive(Debug)]
pub struct LocalServices {
    sources: Sources,
    stream: Mutex<Stream>,
    bus: LocalBus,
    mailbox: Mailbox,
    organizations: OrganizationNames,
    consumers: Consumers,
    /// Serializes runs: two at once would count the dropped events of each other.
    running: Mutex<()>,
    /// The number of dropped events.
    dropped: AtomicU64,
}

impl LocalServices {
    /// Services for this table. They deliver entries of the stream from now on.
    ///
    /// # Errors
    ///
    /// The table has no stream, or a setting of a consumer is invalid.
    pub fn new(runtime: &Runtime, database: Database) -> Result<Self, ServicesError> {
        let sources = runtime.sources.clone();
        let (mailbox, bus) = (Mailbox::new(sources.clone()), LocalBus::new(sources.clone()));
        Ok(Self {
            stream: Mutex::new(Stream::from_now(database)?),
            consumers: Consumers::new(runtime, &bus, &mailbox)?,
            bus,
            mailbox,
            organizations: OrganizationNames::new(runtime.store.clone()),
            running: Mutex::new(()),
            dropped: AtomicU64::new(0),
            sources,
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.sources.now()
    }

    /// The bus.
    #[must_use]
    pub fn bus(&self) -> &LocalBus {
        &self.bus
    }

    /// The mailbox.
    #[must_use]
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// The names of the organizations of mails.
    pub(crate) fn organizations(&self) -> &OrganizationNames {
        &self.organizations
    }

    /// Delivers new entries and runs due jobs in a loop that never ends.
    pub async fn run(&self) {
        let mut timetable = Timetable::from(self.sources.now());
        let mut was_readable = true;
        loop {
            for (job, at) in timetable.due(self.sources.now()) {
                if let Err(error) = Box::pin(self.run_job(job, at)).await {
                    tracing::error!(job = job.name(), %error, "scheduled run failed");
                }
            }
            let settled = self.settle().await;
            if let Err(error) = &settled
                && was_readable
            {
                tracing::warn!(%error, "cannot read the table's stream; trying again until it is readable");
            }
            was_readable = settled.is_ok();
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Runs a job as of a moment. Everything before the run is delivered first, and everything that it causes
    /// afterwards. Returns the answer of the job.
    ///
    /// # Errors
    ///
    /// See [`JobRunError`].
    pub async fn run_job(&self, job: Job, at: Timestamp) -> Result<Value, JobRunError> {
        let _running = self.running.lock().await;
        self.settle().await?;
        let dropped = self.dropped.load(Ordering::SeqCst);
        let answer = self.consumers.run(job, at).await.map_err(JobRunError::Failed)?;
        self.settle().await?;
        match self.dropped.load(Ordering::SeqCst).saturating_sub(dropped) {
            0 => Ok(answer),
            dropped => Err(JobRunError::Dropped(dropped)),
        }
    }

    /// Delivers all new entries to the bus, and their events to the consumers, until nothing is left.
    ///
    /// # Errors
    ///
    /// The stream cannot be read.
    pub async fn settle(&self) -> Result<(), DynoxideError> {
        let mut stream = self.stream.lock().await;
        loop {
            let is_quiet = !Box::pin(stream.relay_batch(&self.bus, &self.sources)).await?;
            let waiting = self.bus.take_waiting();
            if is_quiet && waiting.is_empty() {
                return Ok(());
            }
            for event in waiting {
                for target in targets(&event) {
                    Box::pin(self.deliver(target, &event)).await;
                }
            }
        }
    }

    async fn deliver(&self, target: Target, event: &Value) {
        for attempt in 1..=MAX_DELIVERIES {
            match self.consumers.deliver(target, event).await {
                Ok(()) => return,
                Err(error) => tracing::warn!(?target, error, attempt, "delivery of an event failed"),
            }
        }
        tracing::error!(?target, "event dropped after the last delivery failed");
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

/// The position in the table's stream.
struct Stream {
    database: Database,
    iterator: String,
}

impl fmt::Debug for Stream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Stream").field("iterator", &self.iterator).finish_non_exhaustive()
    }
}

impl Stream {
    fn from_now(database: Database) -> Result<Self, ServicesError> {
        let streams = database.list_streams(ListStreamsRequest::default())?.streams;
        let arn = streams.into_iter().next().ok_or(ServicesError::NoStream)?.stream_arn;
        let request = DescribeStreamRequest { stream_arn: arn.clone(), ..DescribeStreamRequest::default() };
        let shards = database.describe_stream(request)?.stream_description.shards;
        let request = GetShardIteratorRequest {
            stream_arn: arn,
            shard_id: shards.into_iter().next().ok_or(ServicesError::NoStream)?.shard_id,
            shard_iterator_type: "LATEST".to_owned(),
            ..GetShardIteratorRequest::default()
        };
        let iterator = database.get_shard_iterator(request)?.shard_iterator.ok_or(ServicesError::NoStream)?;
        Ok(Self { database, iterator })
    }

    /// Relays one batch to the bus. Returns false if there are no records.
    async fn relay_batch(&mut self, bus: &LocalBus, sources: &Sources) -> Result<bool, DynoxideError> {
        let (database, shard_iterator) = (self.database.clone(), self.iterator.clone());
        let read = move || database.get_records(GetRecordsRequest { shard_iterator, limit: Some(MAX_BATCH_RECORDS) });
        let found = tokio::task::spawn_blocking(read).await;
        let found = found.map_err(|error| DynoxideError::InternalServerError(error.to_string()))??;
        if found.records.is_empty() {
            return Ok(false);
        }
        let failed = stockroom_relay::relay(bus, sources, json!({ "Records": found.records })).await;
        for record in failed.batch_item_failures {
            // This bus accepts every event, so a failed record is unreadable. Deployed, it is reported in the queue of
            // relay failures.
            tracing::error!(
                sequence_number = record.item_identifier,
                "record of the stream skipped, because it is unreadable"
            );
        }
        if let Some(next) = found.next_shard_iterator {
            self.iterator = next;
        }
        Ok(true)
    }
}
