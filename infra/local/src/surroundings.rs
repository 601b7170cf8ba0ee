//! What stands around the functions: the table's stream, the bus it is carried to, and the mailbox that ends it.
//!
//! The stream is followed from the moment this is made. What is older is history, such as the demo's: nobody is told of it.

use std::fmt;
use std::time::Duration;

use dynoxide::actions::{
    describe_stream::DescribeStreamRequest, get_records::GetRecordsRequest,
    get_shard_iterator::GetShardIteratorRequest, list_streams::ListStreamsRequest,
};
use dynoxide::{Database, DynoxideError};
use serde_json::{Value, json};
use stockroom_domain::source::Sources;
use stockroom_notifications::Notifier;
use stockroom_runtime::{ConfigError, Runtime};
use tokio::sync::Mutex;

use crate::local_bus::LocalBus;
use crate::mailbox::Mailbox;

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

/// The stream, the bus and the mailbox of one table.
#[derive(Debug)]
pub struct Surroundings {
    sources: Sources,
    stream: Mutex<Stream>,
    bus: LocalBus,
    mailbox: Mailbox,
    notifier: Notifier<Mailbox>,
}

impl Surroundings {
    /// Follows the table's stream from now on, once it is told to.
    ///
    /// # Errors
    ///
    /// When the table has no stream.
    pub fn new(runtime: &Runtime, database: Database) -> Result<Self, SurroundingsError> {
        let sources = runtime.sources.clone();
        let mailbox = Mailbox::new(sources.clone());
        Ok(Self {
            stream: Mutex::new(Stream::from_now(database)?),
            bus: LocalBus::new(sources.clone()),
            notifier: Notifier::new(runtime, mailbox.clone())?,
            mailbox,
            sources,
        })
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

    /// Carries on whatever is new, again and again; never ends by itself.
    pub async fn run(&self) {
        loop {
            if let Err(error) = self.settle().await {
                tracing::warn!(%error, "the table's stream could not be followed");
            }
            tokio::time::sleep(LOOK_EVERY).await;
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
            for (event, tries) in waiting {
                Box::pin(self.deliver(event, tries.saturating_add(1))).await;
            }
        }
    }

    async fn deliver(&self, event: Value, tries: u32) {
        match self.notifier.notify(event.clone()).await {
            Ok(()) => {}
            Err(error) if tries < TRIES => {
                tracing::warn!(%error, tries, "an event is delivered again");
                self.bus.put_back(event, tries);
            }
            Err(error) => tracing::error!(%error, "an event was given up"),
        }
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
