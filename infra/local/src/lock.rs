//! One process per data directory.

use std::fs::{File, TryLockError, read_dir};
use std::io;
use std::path::{Path, PathBuf};

use crate::private_file;

const FILE_NAME: &str = "lock";
/// How the names of the stack's own files begin.
const OWN_FILES: [&str; 4] = [FILE_NAME, "secrets.", "dev.", "table.sqlite"];

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
    /// Others can look into it, and it holds what is not the stack's, so that it cannot be closed to them.
    #[error(
        "the data directory {} is open to other users and holds other files: choose a directory of its own with \
         --data-dir, or close it with `chmod 700`", .0.display()
    )]
    Shared(PathBuf),
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
    /// Makes the directory when it is missing, closes it to other users and takes it for this process.
    ///
    /// # Errors
    ///
    /// When another process has it, it cannot be written in, or it is not the stack's alone and open to others.
    pub fn acquire(directory: &Path) -> Result<Self, LockError> {
        let not_writable = |source| LockError::NotWritable { directory: directory.to_owned(), source };
        private_file::make_directory(directory).map_err(not_writable)?;
        if private_file::is_open_to_others(directory).map_err(not_writable)? {
            if !holds_own_files_only(directory).map_err(not_writable)? {
                return Err(LockError::Shared(directory.to_owned()));
            }
            private_file::close_directory(directory).map_err(not_writable)?;
        }
        let file = private_file::open(&directory.join(FILE_NAME)).map_err(not_writable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held(directory.to_owned())),
            Err(TryLockError::Error(source)) => Err(not_writable(source)),
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
    fn directory_of_an_earlier_run_is_closed_to_others() {
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

        // A directory that is not the stack's alone stays as it is.
        open_up(&directory, 0o755);
        fs::write(directory.join("thesis.tex"), "").unwrap();
        assert!(matches!(DirectoryLock::acquire(&directory), Err(LockError::Shared(_))));
        assert_eq!(mode(&directory), 0o755);
        open_up(&directory, 0o700);
        DirectoryLock::acquire(&directory).unwrap();
    }

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
