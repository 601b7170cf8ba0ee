//! Errors of the files of the data directory: each names the problem, the file and the remedy.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// An error of the system for a file or a directory.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}. {}", .path.display(), remedy(.source.kind()))]
pub struct FileError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl FileError {
    /// `action` is a verb, for example `write`.
    pub(crate) fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self { action, path: path.to_owned(), source }
    }
}

fn remedy(kind: ErrorKind) -> &'static str {
    if matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge) {
        "Free some space on its disk, or choose another directory with --data-dir"
    } else if kind == ErrorKind::ReadOnlyFilesystem {
        "Its disk is read-only: choose another directory with --data-dir"
    } else if kind == ErrorKind::PermissionDenied {
        "Give this user the rights to it (chown, chmod), or choose another directory with --data-dir"
    } else if kind == ErrorKind::IsADirectory {
        "Move this directory away, or choose another data directory with --data-dir"
    } else if matches!(kind, ErrorKind::AlreadyExists | ErrorKind::NotADirectory) {
        "A file or a broken link is where a directory should be: move it away, or choose another directory with \
         --data-dir"
    } else if kind == ErrorKind::NotFound {
        "It is a broken link, or a directory above it is missing: remove the link, or choose another directory with \
         --data-dir"
    } else {
        "Choose another directory with --data-dir"
    }
}

/// A problem of the file of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableProblem {
    /// The disk has no space left.
    Full,
    /// The file is no table, or its content is inconsistent.
    Damaged,
    /// The system cannot read or write it.
    Io,
    /// This user cannot read or write it.
    Forbidden,
    /// Another program has locked it.
    Busy,
}

impl TableProblem {
    /// Recognizes the texts of SQLite. The emulator passes on the text, but not always the code.
    pub(crate) fn of(error: &str) -> Option<Self> {
        const TEXTS: [(&str, TableProblem); 10] = [
            ("database or disk is full", TableProblem::Full),
            ("malformed", TableProblem::Damaged),
            ("not a database", TableProblem::Damaged),
            ("not a valid database", TableProblem::Damaged),
            ("not a valid SQLite database", TableProblem::Damaged),
            ("disk I/O error", TableProblem::Io),
            ("readonly database", TableProblem::Forbidden),
            ("unable to open database file", TableProblem::Forbidden),
            ("database is locked", TableProblem::Busy),
            ("database table is locked", TableProblem::Busy),
        ];
        TEXTS.iter().find(|(text, _)| error.contains(text)).map(|(_, problem)| *problem)
    }
}

/// An error of the file of the table.
#[derive(Debug, Clone, thiserror::Error)]
pub struct TableFileError {
    path: PathBuf,
    problem: Option<TableProblem>,
    detail: String,
}

impl TableFileError {
    pub(crate) fn new(path: &Path, problem: TableProblem, detail: impl Into<String>) -> Self {
        Self { path: path.to_owned(), problem: Some(problem), detail: detail.into() }
    }

    /// The error that a text of SQLite or the emulator reports.
    pub(crate) fn of(path: &Path, error: &impl fmt::Display) -> Self {
        let detail = error.to_string();
        Self { path: path.to_owned(), problem: TableProblem::of(&detail), detail }
    }

    /// The kind of the problem, if it is known.
    #[must_use]
    pub fn problem(&self) -> Option<TableProblem> {
        self.problem
    }
}

impl fmt::Display for TableFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, problem, detail } = self;
        let directory = path.parent().unwrap_or(path).display();
        let path = path.display();
        match problem {
            Some(TableProblem::Full) => {
                write!(f, "the disk of {path} is full. Free some space: all saved changes are kept")
            }
            Some(TableProblem::Damaged) => write!(
                f,
                "{path} is damaged: {detail}. Restore a copy of {directory}, or delete {directory} to start again"
            ),
            Some(TableProblem::Io) => write!(
                f,
                "{path} cannot be read or written: {detail}. Check its disk (free space, `ulimit -f`, errors in the \
                 log of the system), or choose another directory with --data-dir"
            ),
            Some(TableProblem::Forbidden) => write!(
                f,
                "{path} cannot be opened for writing: {detail}. Give this user the rights to all files in \
                 {directory} (chown, chmod), or choose another directory with --data-dir"
            ),
            Some(TableProblem::Busy) => {
                write!(f, "{path} is locked by another program: {detail}. Close that program and try again")
            }
            None => write!(
                f,
                "cannot use {path}: {detail}. Choose another directory with --data-dir, or delete {directory} to \
                 start again"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_error_names_the_file_and_a_remedy() {
        for kind in [
            ErrorKind::StorageFull,
            ErrorKind::QuotaExceeded,
            ErrorKind::FileTooLarge,
            ErrorKind::ReadOnlyFilesystem,
            ErrorKind::PermissionDenied,
            ErrorKind::IsADirectory,
            ErrorKind::AlreadyExists,
            ErrorKind::NotADirectory,
            ErrorKind::NotFound,
            ErrorKind::Other,
        ] {
            let text = FileError::new("write", Path::new("/data/lock"), kind.into()).to_string();
            assert!(text.starts_with("cannot write /data/lock: ") && text.contains("--data-dir"), "{text}");
        }
    }

    #[test]
    fn every_problem_of_the_table_names_the_file_and_a_remedy() {
        let path = Path::new("/data/table.sqlite");
        for (text, problem, remedy) in [
            ("backend: database or disk is full", Some(TableProblem::Full), "Free some space"),
            ("Internal error: database disk image is malformed", Some(TableProblem::Damaged), "delete /data to"),
            ("file is not a database", Some(TableProblem::Damaged), "Restore a copy of /data,"),
            ("backend: I/O error: disk I/O error", Some(TableProblem::Io), "ulimit -f"),
            ("attempt to write a readonly database", Some(TableProblem::Forbidden), "chown"),
            ("backend: database is locked or busy", Some(TableProblem::Busy), "Close that program"),
            ("something else", None, "--data-dir"),
        ] {
            let error = TableFileError::of(path, &text);
            assert_eq!(error.problem(), problem);
            let shown = error.to_string();
            assert!(shown.contains("/data/table.sqlite") && shown.contains(remedy), "{shown}");
        }
    }
}
