//! What all handlers of a function share.

use std::{sync::Arc, time::Duration};

use stockroom_domain::source::Sources;
use stockroom_runtime::{Links, Reports, Runtime};
use stockroom_store::Store;

use crate::{cursor::Cursors, digest::Fingerprints, limits::Limits, password::Hasher, tenant::Tenants, token::Tokens};

/// The state of a router; cheap to clone.
#[derive(Debug, Clone)]
pub struct App(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    sources: Sources,
    tokens: Tokens,
    cursors: Cursors,
    fingerprints: Fingerprints,
    hasher: Hasher,
    limits: Limits,
    tenants: Tenants,
    links: Links,
    cors_origins: Vec<String>,
    feed_settle: Duration,
    reports: Reports,
    has_docs: bool,
}

impl App {
    /// The application of one process.
    #[must_use]
    pub fn new(runtime: &Runtime) -> Self {
        let Runtime { config, sources, store, reports } = runtime;
        Self(Arc::new(Shared {
            store: store.clone(),
            sources: sources.clone(),
            tokens: Tokens::new(config, sources.clone()),
            cursors: Cursors::new(&config.cursor_key, sources.clone()),
            fingerprints: Fingerprints::new(&config.cursor_key),
            hasher: Hasher::new(sources.clone()),
            limits: Limits::new(config.limits, &config.cursor_key),
            tenants: Tenants::new(config.tenant_base_domain.clone()),
            links: Links::new(config),
            cors_origins: config.cors_origins.clone(),
            feed_settle: config.feed_settle,
            reports: reports.clone(),
            has_docs: config.docs_enabled,
        }))
    }

    /// The table, uncounted; a request's handlers take [`crate::RequestStore`].
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// Time and randomness.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.0.sources
    }

    /// Issues and verifies tokens.
    #[must_use]
    pub fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    /// Hashes and verifies passwords.
    #[must_use]
    pub fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    /// Derives and verifies the tokens of links in mail.
    #[must_use]
    pub fn links(&self) -> &Links {
        &self.0.links
    }

    /// How long a refresh token lives.
    #[must_use]
    pub fn refresh_lifetime(&self) -> Duration {
        self.0.tokens.refresh_lifetime()
    }

    /// How far behind the present a feed of events ends.
    #[must_use]
    pub fn feed_settle(&self) -> Duration {
        self.0.feed_settle
    }

    /// Whether the documentation is served.
    #[must_use]
    pub fn has_docs(&self) -> bool {
        self.0.has_docs
    }

    pub(crate) fn cursors(&self) -> &Cursors {
        &self.0.cursors
    }

    pub(crate) fn fingerprints(&self) -> &Fingerprints {
        &self.0.fingerprints
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn tenants(&self) -> &Tenants {
        &self.0.tenants
    }

    pub(crate) fn reports(&self) -> &Reports {
        &self.0.reports
    }

    pub(crate) fn cors_origins(&self) -> &[String] {
        &self.0.cors_origins
    }
}
