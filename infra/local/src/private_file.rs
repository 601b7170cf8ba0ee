//! Files and directories that their owner alone can read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Opens a file for writing, which it makes when it is missing. What an earlier run left open to others is closed.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    close(path, 0o600)?;
    Ok(file)
}

/// Closes a file to others, if it is there.
pub(crate) fn close_if_present(path: &Path) -> io::Result<()> {
    match close(path, 0o600) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        closed => closed,
    }
}

/// Writes a file. It is written aside and renamed, so that a crash leaves all of it or nothing.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let aside = path.with_extension("new");
    let mut file = open(&aside)?;
    file.set_len(0)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(aside, path)
}

/// Makes a directory, and those above it, when it is missing.
pub(crate) fn make_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Closes a directory to others.
pub(crate) fn close_directory(path: &Path) -> io::Result<()> {
    close(path, 0o700)
}

/// Whether others can look into a directory or a file.
#[cfg(unix)]
pub(crate) fn is_open_to_others(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

/// Other systems keep a user's directories from others by themselves.
#[cfg(not(unix))]
pub(crate) fn is_open_to_others(path: &Path) -> io::Result<bool> {
    fs::metadata(path).map(|_| false)
}

#[cfg(unix)]
fn close(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn close(path: &Path, _mode: u32) -> io::Result<()> {
    fs::metadata(path).map(|_| ())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn written_file_is_its_owners_whatever_was_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.env");
        let aside = directory.path().join("secrets.new");
        for file in [&path, &aside] {
            fs::write(file, "longer than what follows").unwrap();
            fs::set_permissions(file, fs::Permissions::from_mode(0o666)).unwrap();
        }
        write(&path, "new").unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), mode(&path)), ("new", 0o600));
        assert!(!aside.exists());
    }

    #[test]
    fn made_directory_is_its_owners() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("on/demand");
        make_directory(&path).unwrap();
        make_directory(&path).unwrap();
        assert_eq!((mode(&path), is_open_to_others(&path).unwrap()), (0o700, false));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).unwrap();
        assert!(is_open_to_others(&path).unwrap());
        close_directory(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
    }
}
