//! The settings of the functions: fixed ones of the local stack, and others from the environment or from defaults.

use std::io;
use std::path::Path;

use crate::embedded::TABLE_NAME;
use crate::private_file;
use crate::secrets::Secrets;

/// Settings by the name of their environment variable.
#[derive(Clone)]
pub struct Settings {
    /// Settings that the environment cannot replace, because its values may belong to an AWS account. Empty means
    /// unset.
    fixed: [(&'static str, String); 10],
    /// Settings that the environment can replace.
    defaults: [(&'static str, String); 3],
    environment: fn(&str) -> Option<String>,
}

impl Settings {
    /// The settings for a table at `endpoint` and functions at `url`. `environment` reads a variable.
    #[must_use]
    pub fn new(secrets: &Secrets, endpoint: &str, url: &str, environment: fn(&str) -> Option<String>) -> Self {
        let fixed = [
            ("ENV", "development"),
            ("SECRET_KEY", &secrets.secret_key),
            ("SECRET_KEY_PREVIOUS", ""),
            ("CURSOR_KEY", &secrets.cursor_key),
            ("TABLE_NAME", TABLE_NAME),
            // The emulator accepts any region and any key.
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_SESSION_TOKEN", ""),
            ("AWS_ENDPOINT_URL_DYNAMODB", endpoint),
        ];
        let defaults = [("TENANT_BASE_DOMAIN", "localhost"), ("LOG_LEVEL", "warn"), ("PUBLIC_URL", url)];
        let owned = |(name, value): (&'static str, &str)| (name, value.to_owned());
        Self { fixed: fixed.map(owned), defaults: defaults.map(owned), environment }
    }

    /// One setting, as a function reads it from its environment.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        if let Some((_, value)) = self.fixed.iter().find(|(fixed, _)| *fixed == name) {
            return Some(value.clone());
        }
        let given = |name| (self.environment)(name).filter(|value| !value.is_empty());
        given(name).or_else(|| {
            // DEBUG sets the level to `debug`.
            let unless_debugging = name != "LOG_LEVEL" || given("DEBUG").is_none();
            let default = self.defaults.iter().find(|(default, _)| *default == name && unless_debugging);
            default.map(|(_, value)| value.clone())
        })
    }

    /// Writes the settings for functions in other processes, including secrets. Only the owner can read the file.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let chosen = ["TENANT_BASE_DOMAIN", "PUBLIC_URL"].map(|name| (name, self.get(name).unwrap_or_default()));
        let lines = self.fixed.iter().chain(&chosen).map(|(name, value)| format!("{name}={value}\n"));
        private_file::write(path, &lines.collect::<String>())
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Settings").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use stockroom_domain::limit::Limit;
    use stockroom_runtime::{Config, LogLevel};

    use super::*;

    fn settings(environment: fn(&str) -> Option<String>) -> Settings {
        Settings::new(&Secrets::generate().unwrap(), "http://127.0.0.1:1", "http://localhost:8001", environment)
    }

    #[test]
    fn environment_replaces_defaults_and_no_fixed_setting() {
        let config = |settings: Settings| Config::from_vars(|name| settings.get(name)).unwrap();
        let quiet = config(settings(|_| None));
        assert_eq!((quiet.log_level, quiet.tenant_base_domain.as_deref()), (LogLevel::WARN, Some("localhost")));
        assert_eq!(quiet.public_url, "http://localhost:8001", "links in mail begin with the address of the stack");

        let everything = |name: &str| match name {
            "CORS_ORIGINS" | "PUBLIC_URL" => Some("https://app.example".to_owned()),
            "DEBUG" | "DOCS_ENABLED" | "CONSOLE_ENABLED" => Some("true".to_owned()),
            "LOG_LEVEL"
            | "ALGORITHM"
            | "ACCESS_TOKEN_EXPIRE_MINUTES"
            | "REFRESH_TOKEN_EXPIRE_DAYS"
            | "FEED_SETTLE_SECONDS"
            | "MAX_PAGE_BYTES"
            | "START_PAGE"
            | "MAIL_FROM"
            | "SENTRY_DSN"
            | "TOKEN_PRIVATE_KEY"
            | "TOKEN_PUBLIC_KEYS" => None,
            "LIMIT_LOGIN" => Some("off".to_owned()),
            name if name.starts_with("LIMIT_") => Some("7/second".to_owned()),
            _ => Some("elsewhere.example".to_owned()),
        };
        let config = config(settings(everything));
        assert_eq!(config.cors_origins, ["https://app.example"]);
        assert_eq!(config.public_url, "https://app.example");
        assert_eq!(config.tenant_base_domain.as_deref(), Some("elsewhere.example"));
        assert_eq!((config.limits.login, config.limits.requests.map(Limit::burst)), (None, Some(7)));
        assert_eq!(config.log_level, LogLevel::DEBUG);
        assert_eq!(config.connection.endpoint.as_deref(), Some("http://127.0.0.1:1"));
        assert_eq!((config.connection.table.as_str(), config.connection.session_token), (TABLE_NAME, None));
        assert_eq!(config.connection.access_key_id, "local");
    }

    #[test]
    fn written_settings_load_as_a_config() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("dev.env");
        let settings = settings(|_| None);
        settings.write(&path).unwrap();

        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<(&str, &str)> = text.lines().map(|line| line.split_once('=').unwrap()).collect();
        let value = |name: &str| lines.iter().find(|(found, _)| *found == name).map(|(_, value)| (*value).to_owned());
        let config = Config::from_vars(value).unwrap();
        assert_eq!(config.connection.endpoint.as_deref(), Some("http://127.0.0.1:1"));
        assert_eq!(config.tenant_base_domain.as_deref(), Some("localhost"));
        assert_eq!(config.public_url, "http://localhost:8001");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
