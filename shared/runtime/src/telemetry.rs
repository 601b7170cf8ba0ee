//! Logs as JSON lines on standard output, where Lambda collects them.

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

use crate::config::Config;

/// Begins logging at the configured level; does nothing where a subscriber is set already.
pub fn init(config: &Config) {
    let filter = format!("warn,stockroom={level}", level = config.log_level);
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
    if tracing_subscriber::registry().with(filter).with(lines).try_init().is_err() {
        tracing::debug!("a subscriber was set before");
    }
}
