//! The settings that the functions get from the stack, and those of the process's environment that may go before them.

use std::io;
use std::path::Path;

use crate::embedded::TABLE_NAME;
use crate::private_file;
use crate::secrets::Secrets;

/// Settings by the names of the functions' environment variables.
#[derive(Clone)]
pub struct Settings {
    /// What makes this stack this stack. The environment's own values may be those of an account on AWS, so they are
    /// never looked at; an empty one is one that is not set.
    fixed: [(&'static str, String); 10],
    /// What is so unless the environment says otherwise.
    defaults: [(&'static str, String); 3],
    environment: fn(&str) -> Option<String>,
}

impl Settings {
    /// The settings for the table at `endpoint` and functions at `url`; `environment` gives the rest.
    #[must_use]
    pub fn new(secrets: &Secrets, endpoint: &str, url: &str, environment: fn(&str) -> Option<String>) -> Self {
        let fixed = [
            ("ENV", "development"),
            ("SECRET_KEY", &secrets.secret_key),
            ("SECRET_KEY_PREVIOUS", ""),
            ("CURSOR_KEY", &secrets.cursor_key),
            ("TABLE_NAME", TABLE_NAME),
            // The emulator takes any region and any key.
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
            // DEBUG chooses a level of its own.
            let unless_debugging = name != "LOG_LEVEL" || given("DEBUG").is_none();
            let default = self.defaults.iter().find(|(default, _)| *default == name && unless_debugging);
            default.map(|(_, value)| value.clone())
        })
    }

    /// Writes what functions in processes of their own need to work with this stack, secrets included, for their owner
    /// alone to read.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
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
    fn the_environment_chooses_what_it_may() {
        let config = |settings: Settings| Config::from_vars(|name| settings.get(name)).unwrap();
        let quiet = config(settings(|_| None));
        assert_eq!((quiet.log_level, quiet.tenant_base_domain.as_deref()), (LogLevel::WARN, Some("localhost")));
        assert_eq!(quiet.public_url, "http://localhost:8001", "links in mail lead to this stack");

        let everything = |name: &str| match name {
            "CORS_ORIGINS" | "PUBLIC_URL" => Some("https://app.example".to_owned()),
            "DEBUG" | "DOCS_ENABLED" => Some("true".to_owned()),
            "LOG_LEVEL"
            | "ALGORITHM"
            | "ACCESS_TOKEN_EXPIRE_MINUTES"
            | "REFRESH_TOKEN_EXPIRE_DAYS"
            | "FEED_SETTLE_SECONDS"
            | "MAX_PAGE_BYTES"
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
    fn other_processes_read_the_same_settings_from_the_file() {
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
