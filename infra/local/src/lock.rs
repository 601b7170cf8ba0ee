//! One process per data directory.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// A data directory that is this process's alone. The system releases it when the process ends, however it ends.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("another `cargo dev` uses {}: stop it or choose another directory with --data-dir", .0.display())]
    Held(PathBuf),
    /// It is not there and cannot be made, or nothing can be written in it.
    #[error("cannot write in the data directory {}: {source}", .directory.display())]
    NotWritable {
        /// The directory.
        directory: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl DirectoryLock {
    /// Makes the directory when it is missing and takes it for this process.
    ///
    /// # Errors
    ///
    /// When another process has it or it cannot be written in.
    pub fn acquire(directory: &Path) -> Result<Self, LockError> {
        let not_writable = |source| LockError::NotWritable { directory: directory.to_owned(), source };
        fs::create_dir_all(directory).map_err(not_writable)?;
        let file = File::create(directory.join("lock")).map_err(not_writable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held(directory.to_owned())),
            Err(TryLockError::Error(source)) => Err(not_writable(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_held_by_one_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("made/on/demand");
        let held = DirectoryLock::acquire(&directory).unwrap();
        assert!(matches!(DirectoryLock::acquire(&directory), Err(LockError::Held(_))));
        drop(held);
        DirectoryLock::acquire(&directory).unwrap();

        let file = parent.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(DirectoryLock::acquire(&file), Err(LockError::NotWritable { .. })));
    }
}
