//! What stands around the functions: the table's stream, the bus it is carried to, what follows the bus, the schedules,
//! and the mailbox that ends it.
//!
//! The stream is followed from the moment this is made. What is older is history, such as the demo's: nobody is told of it.

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
use crate::schedules::Timetable;

/// How long the stream is left alone when it held nothing new.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The most records of one batch.
const BATCH: usize = 100;
/// How often an event is delivered before it is given up.
const TRIES: u32 = 5;

/// Why the stream cannot be followed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each says what it is")]
pub enum SurroundingsError {
    #[error("the table's stream cannot be read: {0}")]
    Stream(#[from] DynoxideError),
    #[error("the table has no stream")]
    NoStream,
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// Why a job did not do all it was to do.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each says what it is")]
pub enum RunError {
    #[error("the job failed: {0}")]
    Failed(String),
    #[error("{0} events that it set off were given up; the log says why")]
    GivenUp(u64),
    #[error("the table's stream cannot be read: {0}")]
    Stream(#[from] DynoxideError),
}

/// The stream, the bus, its followers and the mailbox of one table.
#[derive(Debug)]
pub struct Surroundings {
    sources: Sources,
    stream: Mutex<Stream>,
    bus: LocalBus,
    mailbox: Mailbox,
    consumers: Consumers,
    /// One run at a time: two would hold up each other's mail.
    running: Mutex<()>,
    /// How many deliveries were given up.
    given_up: AtomicU64,
}

impl Surroundings {
    /// Follows the table's stream from now on, once it is told to.
    ///
    /// # Errors
    ///
    /// When the table has no stream.
    pub fn new(runtime: &Runtime, database: Database) -> Result<Self, SurroundingsError> {
        let sources = runtime.sources.clone();
        let (mailbox, bus) = (Mailbox::new(sources.clone()), LocalBus::new(sources.clone()));
        Ok(Self {
            stream: Mutex::new(Stream::from_now(database)?),
            consumers: Consumers::new(runtime, &bus, &mailbox)?,
            bus,
            mailbox,
            running: Mutex::new(()),
            given_up: AtomicU64::new(0),
            sources,
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.sources.now()
    }

    /// What was put on the bus.
    #[must_use]
    pub fn bus(&self) -> &LocalBus {
        &self.bus
    }

    /// What was mailed.
    #[must_use]
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// Carries on whatever is new and runs the jobs when they are due, again and again; never ends by itself.
    pub async fn run(&self) {
        let mut timetable = Timetable::from(self.sources.now());
        loop {
            for (job, at) in timetable.due(self.sources.now()) {
                if let Err(error) = Box::pin(self.run_job(job, at)).await {
                    tracing::error!(job = job.name(), %error, "a scheduled run has failed");
                }
            }
            if let Err(error) = self.settle().await {
                tracing::warn!(%error, "the table's stream could not be followed");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Runs a job as of a moment, behind all that was done before and with all that it sets off; gives what it answers.
    ///
    /// # Errors
    ///
    /// When something of it is left undone.
    pub async fn run_job(&self, job: Job, at: Timestamp) -> Result<Value, RunError> {
        let _running = self.running.lock().await;
        self.settle().await?;
        let given_up = self.given_up.load(Ordering::SeqCst);
        let answer = self.consumers.run(job, at).await.map_err(RunError::Failed)?;
        self.settle().await?;
        match self.given_up.load(Ordering::SeqCst).saturating_sub(given_up) {
            0 => Ok(answer),
            more => Err(RunError::GivenUp(more)),
        }
    }

    /// Carries on all that is new: to the bus, and from there to whoever is mailed.
    ///
    /// # Errors
    ///
    /// When the stream cannot be read.
    pub async fn settle(&self) -> Result<(), DynoxideError> {
        let mut stream = self.stream.lock().await;
        loop {
            let is_quiet = !Box::pin(stream.carry(&self.bus, &self.sources)).await?;
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
        for tries in 1..=TRIES {
            match self.consumers.deliver(target, event).await {
                Ok(()) => return,
                Err(error) => tracing::warn!(?target, error, tries, "an event was not dealt with"),
            }
        }
        tracing::error!(?target, "an event was given up");
        self.given_up.fetch_add(1, Ordering::SeqCst);
    }
}

/// Where the table's stream has been read to.
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
    fn from_now(database: Database) -> Result<Self, SurroundingsError> {
        let streams = database.list_streams(ListStreamsRequest::default())?.streams;
        let arn = streams.into_iter().next().ok_or(SurroundingsError::NoStream)?.stream_arn;
        let request = DescribeStreamRequest { stream_arn: arn.clone(), ..DescribeStreamRequest::default() };
        let shards = database.describe_stream(request)?.stream_description.shards;
        let request = GetShardIteratorRequest {
            stream_arn: arn,
            shard_id: shards.into_iter().next().ok_or(SurroundingsError::NoStream)?.shard_id,
            shard_iterator_type: "LATEST".to_owned(),
            ..GetShardIteratorRequest::default()
        };
        let iterator = database.get_shard_iterator(request)?.shard_iterator.ok_or(SurroundingsError::NoStream)?;
        Ok(Self { database, iterator })
    }

    /// Carries one batch to the bus. False when there is none.
    async fn carry(&mut self, bus: &LocalBus, sources: &Sources) -> Result<bool, DynoxideError> {
        let (database, shard_iterator) = (self.database.clone(), self.iterator.clone());
        let read = move || database.get_records(GetRecordsRequest { shard_iterator, limit: Some(BATCH) });
        let found = tokio::task::spawn_blocking(read).await;
        let found = found.map_err(|error| DynoxideError::InternalServerError(error.to_string()))??;
        if found.records.is_empty() {
            return Ok(false);
        }
        let failed = stockroom_relay::relay(bus, sources, json!({ "Records": found.records })).await;
        for record in failed.batch_item_failures {
            // This bus takes everything, so what failed cannot be read: deployed, it would end in the queue for that.
            tracing::error!(sequence_number = record.item_identifier, "a record of the stream was left out");
        }
        if let Some(next) = found.next_shard_iterator {
            self.iterator = next;
        }
        Ok(true)
    }
}
