//! Start of every function: settings, JSON logs, one client for all calls. Reports of each call: metrics in the log,
//! failures and traces to Sentry.

mod calls;
pub mod config;
mod keys;
mod links;
pub mod metrics;
mod outbox;
mod reports;
mod sources;
mod telemetry;

use stockroom_domain::source::Sources;
use stockroom_store::{Store, TableClient};

pub use calls::CallError;
pub use config::{Config, ConfigError, Group, LogLevel, SampleAccount, StartPage};
pub use keys::{Algorithm, CursorKey, Keys, PrivateKey, PublicKey, Secret, SigningKeys, VerifyingKeys};
pub use links::{Link, Links, Purpose};
pub use reports::{Call, Panicked, Reports, concerns, report};
pub use sources::{OsEntropy, SystemClock};
pub use telemetry::{init as init_telemetry, lines as log_lines};

/// What a function needs for its calls, created once at its start.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// The settings.
    pub config: Config,
    /// The system's clock and randomness.
    pub sources: Sources,
    /// The table.
    pub store: Store,
    /// Reports of failures and traces.
    pub reports: Reports,
}

impl Runtime {
    /// Reads the general settings and those of these groups, starts logging, creates the client.
    ///
    /// # Errors
    /// Every setting of these that is missing or invalid, with the expected form.
    pub fn start(groups: &[Group]) -> Result<Self, ConfigError> {
        let config = Config::from_env(groups)?;
        telemetry::init(&config);
        Ok(Self::new(config, Sources::new(SystemClock, OsEntropy)))
    }

    /// A runtime with these settings and sources.
    #[must_use]
    pub fn new(config: Config, sources: Sources) -> Self {
        let store = Store::new(TableClient::new(config.connection.clone()), sources.clone());
        let reports = Reports::new(&config);
        Self { config, sources, store, reports }
    }
}
