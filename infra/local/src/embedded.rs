//! The embedded DynamoDB: an emulator on SQLite, served over HTTP so that the product's own SDK client talks to it.

use std::fmt;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dynoxide::{Database, DynoxideError};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::table::{self, TableError, TemplateError};

/// The table's name in the embedded DynamoDB.
pub const TABLE_NAME: &str = "stockroom";

const FILE_NAME: &str = "table.sqlite";
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// Where the table's items are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// Gone when the process ends.
    Memory,
    /// In `table.sqlite` in this directory, which has to exist. Commits are in the write-ahead log before they are
    /// answered, so a killed process loses none.
    File(PathBuf),
}

/// Why the embedded DynamoDB did not start.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// SQLite could not open the file.
    #[error("the table's file could not be opened: {0}")]
    Open(#[from] DynoxideError),
    /// SQLite could not add an index to the file.
    #[error("the table's file could not be prepared: {0}")]
    Prepare(#[from] rusqlite::Error),
    /// The emulator takes paths as text.
    #[error("the data directory's path is not valid UTF-8: {}", .0.display())]
    Path(PathBuf),
    /// The template defines no table.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The table could not be made.
    #[error(transparent)]
    Table(#[from] TableError),
    /// No loopback port to serve on.
    #[error("the embedded DynamoDB could not listen on 127.0.0.1: {0}")]
    Listen(#[from] std::io::Error),
}

/// A running DynamoDB with the product's table in it. Dropping it ends the server too, without waiting for it.
pub struct Embedded {
    database: Database,
    endpoint: String,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), String>>,
}

/// Opens the database, makes the table and serves it on a free loopback port.
///
/// # Errors
///
/// When the file cannot be opened, holds the table of another version, or no port is free.
pub async fn start(storage: Storage) -> Result<Embedded, EmbeddedError> {
    start_on(storage, TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?)
}

/// As [`start`], on a port of the caller's choice, for functions that run in processes of their own.
///
/// # Errors
///
/// As [`start`].
///
/// # Panics
///
/// Outside a Tokio runtime.
pub fn start_on(storage: Storage, listener: TcpListener) -> Result<Embedded, EmbeddedError> {
    let database = match storage {
        Storage::Memory => Database::memory()?,
        Storage::File(directory) => {
            let path = directory.join(FILE_NAME);
            let database = Database::new(path.to_str().ok_or_else(|| EmbeddedError::Path(directory))?)?;
            index_stream(&path)?;
            database
        }
    };
    table::definition()?.create(&database, TABLE_NAME)?;

    let endpoint = format!("http://{}", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database.clone(), async {
        // Nothing is ever sent: the sender's end is the sign.
        stopped.await.unwrap_or_default();
    }));
    Ok(Embedded { database, endpoint, stop, server })
}

/// Before each write the emulator asks for the highest number in its stream, which it keeps as text: without an index
/// that is a look at every record ever written.
fn index_stream(path: &Path) -> Result<(), rusqlite::Error> {
    rusqlite::Connection::open(path)?.execute_batch(
        "CREATE INDEX IF NOT EXISTS stockroom_stream_order
         ON _stream_records (table_name, CAST(sequence_number AS INTEGER))",
    )
}

impl Embedded {
    /// The URL to give the SDK as `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The same database without HTTP between.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Lets running requests finish and closes the database; cuts off what is not done within 5 seconds.
    pub async fn stop(mut self) {
        drop(self.stop);
        match tokio::time::timeout(STOP_WITHIN, &mut self.server).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(error, "the embedded DynamoDB ended badly"),
            Ok(Err(error)) => tracing::warn!(%error, "the embedded DynamoDB ended badly"),
            Err(_) => self.server.abort(),
        }
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Embedded").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// Deletes expired items again and again until `stop` is there, as DynamoDB's own sweep does: the emulator has none.
pub async fn sweep_expired(database: Database, every: Duration, stop: impl Future<Output = ()>) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            _ = ticks.tick() => {}
        }
        let database = database.clone();
        match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(deleted)) => tracing::debug!(deleted, "swept expired items"),
            Ok(Err(error)) => tracing::warn!(%error, "could not sweep expired items"),
            Err(error) => tracing::warn!(%error, "could not sweep expired items"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn items_outlive_the_process_but_not_their_expiry() {
        let directory = tempfile::tempdir().unwrap();
        let storage = Storage::File(directory.path().to_owned());
        let embedded = start(storage.clone()).await.unwrap();
        for (pk, expires_at) in [("old", "1"), ("new", "99999999999")] {
            let item = json!({"pk": {"S": pk}, "sk": {"S": "x"}, "expires_at": {"N": expires_at}});
            let put = serde_json::from_value(json!({"TableName": TABLE_NAME, "Item": item})).unwrap();
            embedded.database().put_item(put).unwrap();
        }
        embedded.stop().await;

        let embedded = start(storage).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let sweep = sweep_expired(embedded.database().clone(), Duration::from_millis(5), async {
            stopped.await.unwrap_or_default();
        });
        let sweeping = tokio::spawn(sweep);
        let scan = || serde_json::from_value(json!({"TableName": TABLE_NAME})).unwrap();
        while embedded.database().scan(scan()).unwrap().count == 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(stop);
        sweeping.await.unwrap();
        assert_eq!(embedded.database().scan(scan()).unwrap().count, 1);
        assert!(embedded.endpoint().starts_with("http://127.0.0.1:"));
        embedded.stop().await;
    }
}
