//! The file of the table: its permissions, a check before its use, and a log of its problems.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use dynoxide::{Database, DynoxideError};

use crate::file_error::{FileError, TableFileError, TableProblem};
use crate::private_file;

const FILE_NAME: &str = "table.sqlite";
/// Suffixes of the files that SQLite adds, with the permissions of the main file.
const SQLITE_SUFFIXES: [&str; 3] = ["-wal", "-shm", "-journal"];
/// The first bytes of a database, see <https://www.sqlite.org/fileformat.html#magic_header_string>.
const DATABASE_START: &[u8] = b"SQLite format 3\0";
/// The first bytes of a write-ahead log; the last bit differs, see <https://www.sqlite.org/fileformat.html#walformat>.
const LOG_STARTS: [&[u8]; 2] = [&[0x37, 0x7f, 0x06, 0x82], &[0x37, 0x7f, 0x06, 0x83]];

/// Why the file of the table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file cannot be created or restricted to its owner.
    #[error(transparent)]
    File(#[from] FileError),
    /// The table cannot be read or written.
    #[error(transparent)]
    Table(#[from] TableFileError),
    /// The emulator accepts paths in UTF-8 only.
    #[error("the path {} is not valid UTF-8: choose another directory with --data-dir", .0.display())]
    Path(PathBuf),
}

/// The path of the file in a data directory.
pub(crate) fn path(directory: &Path) -> PathBuf {
    directory.join(FILE_NAME)
}

/// Opens the file, and creates it for its owner only if it is missing.
pub(crate) fn open(path: &Path) -> Result<Database, OpenError> {
    if path.metadata().is_ok_and(|file| file.len() == 0) {
        return Err(TableFileError::new(path, TableProblem::Damaged, "it is empty").into());
    }
    restrict(path)?;
    starts_with(path, &[DATABASE_START], "it is not a SQLite database")?;
    let log = companion(path, "-wal");
    if log.exists() {
        starts_with(&log, &LOG_STARTS, "it is not a write-ahead log of SQLite")?;
    }
    check(path)?;
    let text = path.to_str().ok_or_else(|| OpenError::Path(path.to_owned()))?;
    let database = Database::new(text).map_err(|error| TableFileError::of(path, &error))?;
    index_stream(path).map_err(|error| TableFileError::of(path, &error))?;
    Ok(database)
}

fn companion(path: &Path, suffix: &str) -> PathBuf {
    path.with_file_name(format!("{FILE_NAME}{suffix}"))
}

/// Creates the file of the table for its owner only, and corrects the permissions of existing files.
fn restrict(path: &Path) -> Result<(), FileError> {
    private_file::open(path).map_err(|source| FileError::new("open", path, source))?;
    SQLITE_SUFFIXES.iter().try_for_each(|suffix| {
        let path = companion(path, suffix);
        private_file::restrict_if_present(&path).map_err(|source| FileError::new("open", &path, source))
    })
}

/// Refuses a file that is not empty and has none of these starts. SQLite would treat some such files as empty.
fn starts_with(path: &Path, starts: &[&[u8]], problem: &str) -> Result<(), OpenError> {
    let mut start = [0; DATABASE_START.len()];
    let read = File::open(path).and_then(|mut file| read_start(&mut file, &mut start));
    let length = read.map_err(|source| FileError::new("read", path, source))?;
    let start = start.get(..length).unwrap_or_default();
    if start.is_empty() || starts.iter().any(|known| start.starts_with(known)) {
        return Ok(());
    }
    Err(TableFileError::new(path, TableProblem::Damaged, problem).into())
}

fn read_start(file: &mut File, start: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while let Some(rest) = start.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}

/// Looks for damaged pages, in about 3 ms per megabyte. Otherwise the first request that reads such a page would fail.
fn check(path: &Path) -> Result<(), TableFileError> {
    let failed = |error: rusqlite::Error| TableFileError::of(path, &error);
    let connection = rusqlite::Connection::open(path).map_err(failed)?;
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
    // One line, without the name of the check.
    let found = found.lines().last().unwrap_or_default();
    if found != "ok" {
        return Err(TableFileError::new(path, TableProblem::Damaged, found));
    }
    let page_size: u64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0)).map_err(failed)?;
    let length = |path: &Path| path.metadata().map_or(0, |metadata| metadata.len());
    // The check reads the missing part of the last page as zeros. The write-ahead log can have that page.
    if length(path).is_multiple_of(page_size) || length(&companion(path, "-wal")) > 0 {
        Ok(())
    } else {
        Err(TableFileError::new(path, TableProblem::Damaged, "its last page is incomplete"))
    }
}

/// Before each write the emulator reads the highest number of its stream, which it stores as text. Without this index
/// it would read all records of the stream.
fn index_stream(path: &Path) -> Result<(), rusqlite::Error> {
    rusqlite::Connection::open(path)?.execute_batch(
        "CREATE INDEX IF NOT EXISTS stockroom_stream_order
         ON _stream_records (table_name, CAST(sequence_number AS INTEGER))",
    )
}

/// Reports the problems of the table's file while it is in use: each once, until a write succeeds again.
#[derive(Debug)]
pub(crate) struct TableLog {
    /// `None` if the table is in memory.
    path: Option<PathBuf>,
    reported: Mutex<Option<TableFileError>>,
}

impl TableLog {
    pub(crate) fn new(path: Option<PathBuf>) -> Self {
        Self { path, reported: Mutex::default() }
    }

    /// Notes a failed call. Errors that are not about the file are ignored.
    pub(crate) fn failed(&self, error: &DynoxideError) {
        let Some(path) = &self.path else { return };
        let error = TableFileError::of(path, error);
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        let last = reported.as_ref().and_then(TableFileError::problem);
        if error.problem().is_some() && error.problem() != last {
            tracing::error!("{error}");
            *reported = Some(error);
        }
    }

    /// Notes a successful write.
    pub(crate) fn wrote(&self) {
        if self.reported.lock().unwrap_or_else(PoisonError::into_inner).take().is_some() {
            tracing::warn!("the table can be written again");
        }
    }

    /// The present problem.
    pub(crate) fn problem(&self) -> Option<TableFileError> {
        self.reported.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;
    use crate::embedded::TABLE_NAME;
    use crate::table_definition;

    /// A file with a table and some items, without a write-ahead log.
    fn table(path: &Path) -> Vec<u8> {
        let database = open(path).unwrap();
        table_definition::definition().unwrap().create(&database, TABLE_NAME).unwrap();
        for number in 0..200 {
            let item = json!({"pk": {"S": format!("item {number}")}, "sk": {"S": "x".repeat(500)}});
            let put = json!({"TableName": TABLE_NAME, "Item": item});
            database.put_item(serde_json::from_value(put).unwrap()).unwrap();
        }
        drop(database);
        assert!(!companion(path, "-wal").exists());
        fs::read(path).unwrap()
    }

    fn damage(path: &Path) -> String {
        let error = open(path).map(|_| ()).unwrap_err();
        let problem = match &error {
            OpenError::Table(error) => error.problem(),
            OpenError::File(_) | OpenError::Path(_) => None,
        };
        assert_eq!(problem, Some(TableProblem::Damaged), "{error}");
        error.to_string()
    }

    #[test]
    fn open_of_a_truncated_table_names_the_file_and_the_remedy() {
        let directory = tempfile::tempdir().unwrap();
        let path = path(directory.path());
        let whole = table(&path);
        let mut lengths = vec![1, 15, 16, 50, 99, 100, 511, 512, 1024, 4095, 4096, 4097, whole.len() - 1];
        lengths.extend((1..whole.len() / 4096).map(|pages| pages * 4096));
        for length in lengths {
            fs::write(&path, &whole[..length]).unwrap();
            let error = damage(&path);
            assert!(error.starts_with(&format!("{} is damaged: ", path.display())), "{length}: {error}");
            assert!(error.contains(&format!("or delete {} to start again", directory.path().display())), "{error}");
        }
        fs::write(&path, whole).unwrap();
        assert!(open(&path).is_ok());
    }

    #[test]
    fn open_of_a_table_with_overwritten_pages_names_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = path(directory.path());
        let whole = table(&path);
        for page in 0..whole.len() / 4096 {
            let mut damaged = whole.clone();
            for (place, byte) in damaged[page * 4096..(page + 1) * 4096].iter_mut().enumerate() {
                *byte = u8::try_from(place * 7 % 251).unwrap();
            }
            fs::write(&path, damaged).unwrap();
            assert!(damage(&path).contains("table.sqlite is damaged"), "page {page}");
        }
        fs::write(&path, "This is not a table.\n".repeat(400)).unwrap();
        assert!(damage(&path).contains("it is not a SQLite database"));
    }

    #[test]
    fn open_with_a_damaged_log_names_the_log() {
        let directory = tempfile::tempdir().unwrap();
        let path = path(directory.path());
        table(&path);
        fs::write(companion(&path, "-wal"), "This is no log.\n".repeat(400)).unwrap();
        assert!(damage(&path).contains("table.sqlite-wal is damaged"));
        fs::write(companion(&path, "-wal"), "").unwrap();
        assert!(open(&path).is_ok());
    }

    #[test]
    fn log_reports_a_problem_once_until_a_write_succeeds() {
        let log = TableLog::new(Some(PathBuf::from("/data/table.sqlite")));
        let full = DynoxideError::InternalServerError("backend: database or disk is full".to_owned());
        log.failed(&DynoxideError::ValidationException("no such table".to_owned()));
        assert!(log.problem().is_none());
        log.failed(&full);
        log.failed(&full);
        assert_eq!(log.problem().unwrap().problem(), Some(TableProblem::Full));
        log.wrote();
        assert!(log.problem().is_none());

        let in_memory = TableLog::new(None);
        in_memory.failed(&full);
        assert!(in_memory.problem().is_none());
    }
}
