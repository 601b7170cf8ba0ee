//! Logs as JSON lines on standard output, where Lambda collects them.

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

use crate::config::{Config, Environment};

/// Under this target it is said that a mail is due. In development that is shown at every `LOG_LEVEL`, since nobody there
/// gets the mail.
pub const MAIL_TARGET: &str = "stockroom::mail";

/// Begins logging at the configured level; does nothing where a subscriber is set already.
pub fn init(config: &Config) {
    let filter = EnvFilter::try_new(filter(config)).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
    if tracing_subscriber::registry().with(filter).with(lines).try_init().is_err() {
        tracing::debug!("a subscriber was set before");
    }
}

fn filter(config: &Config) -> String {
    let usual = format!("warn,stockroom={level}", level = config.log_level);
    if config.environment == Environment::Development { format!("{usual},{MAIL_TARGET}=info") } else { usual }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written of a line about a mail and of one about a request.
    fn written(environment: &str, level: &str) -> [bool; 2] {
        let config = Config::from_vars(|name| {
            let value = match name {
                "ENV" => environment,
                "LOG_LEVEL" => level,
                "PUBLIC_URL" => "https://stockroom.example.com",
                "CURSOR_KEY" => "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "SECRET_KEY" | "TABLE_NAME" | "AWS_REGION" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => {
                    "0123456789abcdef0123456789abcdef"
                }
                _ => return None,
            };
            Some(value.to_owned())
        });
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = fmt::layer().with_writer(move || writer.clone());
        let subscriber = tracing_subscriber::registry().with(EnvFilter::new(filter(&config.unwrap()))).with(layer);
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(target: MAIL_TARGET, "a mail is due");
            tracing::info!(target: "stockroom_api::edge", "request");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        ["a mail is due", "request"].map(|line| text.contains(line))
    }

    #[test]
    fn in_development_a_mail_that_is_due_is_told_at_every_level() {
        assert_eq!(written("development", "warn"), [true, false]);
        assert_eq!(written("development", "info"), [true, true]);
        assert_eq!(written("production", "info"), [true, true]);
        assert_eq!(written("production", "warn"), [false, false]);
    }
}
