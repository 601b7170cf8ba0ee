//! The keys of the local stack. They are generated once for a data directory, so a restart ends no session.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::file_error::FileError;
use crate::private_file;

const FILE_NAME: &str = "secrets.env";
const SECRET_KEY: &str = "SECRET_KEY";
const CURSOR_KEY: &str = "CURSOR_KEY";
const KEY_BYTES: usize = 32;

/// Keys of 32 random bytes, each as URL-safe base64 without padding. Debug output does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct Secrets {
    /// Signs access and refresh tokens.
    pub secret_key: String,
    /// Seals cursors.
    pub cursor_key: String,
}

/// Why the secrets are unavailable.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The system has no random bytes.
    #[error("cannot get random bytes from the system: {0}")]
    Random(#[from] getrandom::Error),
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file does not hold both keys.
    #[error(
        "{} does not hold both keys: delete it, so that the next start generates new keys and ends every session",
        .0.display()
    )]
    Damaged(PathBuf),
}

impl Secrets {
    /// New keys, which are not stored.
    ///
    /// # Errors
    ///
    /// The system has no random bytes.
    pub fn generate() -> Result<Self, SecretsError> {
        Ok(Self { secret_key: random_key()?, cursor_key: random_key()? })
    }

    /// The keys of a data directory. The first use generates them; only their owner can read them. The caller holds the
    /// lock of the directory.
    ///
    /// # Errors
    ///
    /// The file cannot be read or created, or does not hold both keys.
    pub fn of_directory(directory: &Path) -> Result<Self, SecretsError> {
        let path = directory.join(FILE_NAME);
        let failed = |action| {
            let path = path.clone();
            move |source| FileError::new(action, &path, source)
        };
        private_file::restrict_if_present(&path).map_err(failed("restrict"))?;
        match fs::read(&path) {
            Ok(bytes) => {
                let text = String::from_utf8(bytes).unwrap_or_default();
                Self::parse(&text).ok_or(SecretsError::Damaged(path))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let secrets = Self::generate()?;
                let text = format!("{SECRET_KEY}={}\n{CURSOR_KEY}={}\n", secrets.secret_key, secrets.cursor_key);
                private_file::write(&path, &text).map_err(failed("write"))?;
                Ok(secrets)
            }
            Err(error) => Err(failed("read")(error).into()),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let value = |name| {
            let mut lines = text.lines().filter_map(|line| line.split_once('='));
            let (_, value) = lines.find(|(found, _)| *found == name)?;
            (URL_SAFE_NO_PAD.decode(value).ok()?.len() == KEY_BYTES).then(|| value.to_owned())
        };
        Some(Self { secret_key: value(SECRET_KEY)?, cursor_key: value(CURSOR_KEY)? })
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Secrets").finish_non_exhaustive()
    }
}

fn random_key() -> Result<String, getrandom::Error> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key)?;
    Ok(URL_SAFE_NO_PAD.encode(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_a_directory_are_stored_once_and_private() {
        let directory = tempfile::tempdir().unwrap();
        let first = Secrets::of_directory(directory.path()).unwrap();
        assert_eq!(Secrets::of_directory(directory.path()).unwrap(), first);
        assert_ne!(first.secret_key, first.cursor_key);
        assert!(!format!("{first:?}").contains(&first.secret_key));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let path = directory.path().join(FILE_NAME);
            let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(), 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            assert_eq!(Secrets::of_directory(directory.path()).unwrap(), first);
            assert_eq!(mode(), 0o600, "the mode of an earlier file is corrected");
        }
    }

    #[test]
    fn damaged_secrets_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        for content in [&b"SECRET_KEY=short\nCURSOR_KEY=short\n"[..], b"", b"\xff\xfe\0"] {
            fs::write(directory.path().join(FILE_NAME), content).unwrap();
            let damaged = Secrets::of_directory(directory.path()).unwrap_err();
            assert!(matches!(damaged, SecretsError::Damaged(_)), "{damaged}");
        }
    }
}
