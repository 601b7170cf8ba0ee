//! One process per data directory.

use std::fs::{File, TryLockError, read_dir};
use std::io;
use std::path::{Path, PathBuf};

use crate::file_error::FileError;
use crate::private_file;

const FILE_NAME: &str = "lock";
/// The beginnings of the names of the files that the stack creates.
const OWN_FILES: [&str; 5] = [FILE_NAME, "secrets.", "dev.", "import-incomplete", "table.sqlite"];

/// The lock of a data directory. The system releases it when the process ends in any way.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds the lock.
    #[error("another `cargo dev` uses {}: stop it or choose another directory with --data-dir", .0.display())]
    Held(PathBuf),
    /// Other users can read the directory, and it has files that the stack did not create, so the stack does not
    /// restrict it.
    #[error(
        "the data directory {} is open to other users and holds other files: choose another directory with \
         --data-dir, or restrict this one with `chmod 700`", .0.display()
    )]
    Shared(PathBuf),
    /// The directory or its lock cannot be created, or is not writable.
    #[error(transparent)]
    File(#[from] FileError),
    /// The directory of a run without a data directory cannot be created.
    #[error("cannot create a directory in {}: {source}. Set TMPDIR to a writable directory", .parent.display())]
    Temporary {
        /// The directory of the system for temporary files.
        parent: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
}

impl DirectoryLock {
    /// Creates the directory if it is missing, restricts it to its owner and locks it for this process.
    ///
    /// # Errors
    ///
    /// See [`LockError`].
    pub fn acquire(directory: &Path) -> Result<Self, LockError> {
        let failed = |action| move |source| FileError::new(action, directory, source);
        private_file::create_directory(directory).map_err(failed("create"))?;
        if private_file::is_open_to_others(directory).map_err(failed("read"))? {
            if !holds_own_files_only(directory).map_err(failed("read"))? {
                return Err(LockError::Shared(directory.to_owned()));
            }
            private_file::restrict_directory(directory).map_err(failed("restrict"))?;
        }
        let path = directory.join(FILE_NAME);
        let file = private_file::open(&path).map_err(|source| FileError::new("open", &path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held(directory.to_owned())),
            Err(TryLockError::Error(source)) => Err(FileError::new("lock", &path, source).into()),
        }
    }
}

fn holds_own_files_only(directory: &Path) -> io::Result<bool> {
    for entry in read_dir(directory)? {
        let name = entry?.file_name();
        if !name.to_str().is_some_and(|name| OWN_FILES.iter().any(|own| name.starts_with(own))) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn acquire_restricts_a_directory_of_an_earlier_run() {
        use std::os::unix::fs::PermissionsExt as _;

        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("data");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let open_up = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        drop(DirectoryLock::acquire(&directory).unwrap());
        assert_eq!((mode(&directory), mode(&directory.join("lock"))), (0o700, 0o600));

        open_up(&directory, 0o755);
        open_up(&directory.join("lock"), 0o644);
        for name in ["secrets.env", "dev.env", "table.sqlite", "table.sqlite-wal"] {
            fs::write(directory.join(name), "").unwrap();
        }
        drop(DirectoryLock::acquire(&directory).unwrap());
        assert_eq!((mode(&directory), mode(&directory.join("lock"))), (0o700, 0o600));

        // A directory with other files stays as it is.
        open_up(&directory, 0o755);
        fs::write(directory.join("thesis.tex"), "").unwrap();
        assert!(matches!(DirectoryLock::acquire(&directory), Err(LockError::Shared(_))));
        assert_eq!(mode(&directory), 0o755);
        open_up(&directory, 0o700);
        DirectoryLock::acquire(&directory).unwrap();
    }

    #[test]
    fn acquire_of_a_locked_directory_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("made/on/demand");
        let held = DirectoryLock::acquire(&directory).unwrap();
        assert!(matches!(DirectoryLock::acquire(&directory), Err(LockError::Held(_))));
        drop(held);
        DirectoryLock::acquire(&directory).unwrap();

        let file = parent.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(DirectoryLock::acquire(&file), Err(LockError::File(_))));
    }
}
