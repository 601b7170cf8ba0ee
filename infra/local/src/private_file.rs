//! Files and directories that only their owner can read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Opens a file for writing and creates it if it is missing. The mode of an existing file becomes 0600.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    restrict(path, 0o600)?;
    Ok(file)
}

/// Sets the mode of a file to 0600, if it exists.
pub(crate) fn restrict_if_present(path: &Path) -> io::Result<()> {
    match restrict(path, 0o600) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        restricted => restricted,
    }
}

/// Writes a file. It is written under another name and renamed, so a crash leaves the old or the new content.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let mut file = open(&temporary)?;
    file.set_len(0)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(temporary, path)
}

/// Creates a directory and its parents, if they are missing.
pub(crate) fn create_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Sets the mode of a directory to 0700.
pub(crate) fn restrict_directory(path: &Path) -> io::Result<()> {
    restrict(path, 0o700)
}

/// Whether other users can read a directory or a file.
#[cfg(unix)]
pub(crate) fn is_open_to_others(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

/// Other systems protect the directories of a user by default.
#[cfg(not(unix))]
pub(crate) fn is_open_to_others(path: &Path) -> io::Result<bool> {
    fs::metadata(path).map(|_| false)
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn restrict(path: &Path, _mode: u32) -> io::Result<()> {
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
    fn write_over_an_open_file_makes_it_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.env");
        let temporary = directory.path().join("secrets.new");
        for file in [&path, &temporary] {
            fs::write(file, "longer than what follows").unwrap();
            fs::set_permissions(file, fs::Permissions::from_mode(0o666)).unwrap();
        }
        write(&path, "new").unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), mode(&path)), ("new", 0o600));
        assert!(!temporary.exists());
    }

    #[test]
    fn created_directory_is_private() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("on/demand");
        create_directory(&path).unwrap();
        create_directory(&path).unwrap();
        assert_eq!((mode(&path), is_open_to_others(&path).unwrap()), (0o700, false));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).unwrap();
        assert!(is_open_to_others(&path).unwrap());
        restrict_directory(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
    }
}
