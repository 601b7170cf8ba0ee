//! State that all handlers of a function share.

use std::{sync::Arc, time::Duration};

use stockroom_domain::source::Sources;
use stockroom_runtime::{ConfigError, Links, Reports, Runtime, StartPage};
use stockroom_store::Store;

use crate::{
    auth::{
        browser::Browsers,
        cursor::Cursors,
        digest::Fingerprints,
        password::Hasher,
        tenant::Tenants,
        token::{Issuer, Tokens},
    },
    http::limits::Limits,
    problem::ApiError,
};

/// The state of a router; cheap to clone.
#[derive(Debug, Clone)]
pub struct App(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    sources: Sources,
    tokens: Tokens,
    issuing: Option<Issuing>,
    cursors: Cursors,
    fingerprints: Fingerprints,
    hasher: Hasher,
    limits: Limits,
    tenants: Tenants,
    browsers: Browsers,
    cors_origins: Vec<String>,
    feed_settle: Duration,
    max_page_bytes: usize,
    reports: Reports,
    pages: Pages,
}

/// Settings of the start page, the other console pages and the documentation.
#[derive(Debug)]
pub struct Pages {
    /// `PUBLIC_URL`: the address of the product, without a slash at its end.
    pub public_url: String,
    /// Whether the documentation is served.
    pub has_docs: bool,
    /// Whether the console is served: the start page, and the pages that links in mail open.
    pub has_console: bool,
    /// Additions to the start page.
    pub start: StartPage,
}

/// Parts that only the function for signing in has.
#[derive(Debug)]
struct Issuing {
    tokens: Issuer,
    links: Links,
}

impl App {
    /// The application of a process that verifies tokens and issues none.
    ///
    /// # Errors
    /// A key is missing.
    pub fn new(runtime: &Runtime) -> Result<Self, ConfigError> {
        Self::with(runtime, Ok(None))
    }

    /// The application of a process that also issues tokens, and verifies those of links in mail.
    ///
    /// # Errors
    /// A key is missing.
    pub fn issuing(runtime: &Runtime) -> Result<Self, ConfigError> {
        let Runtime { config, sources, .. } = runtime;
        let issuing = ConfigError::both(Issuer::new(config, sources.clone()), Links::new(config));
        Self::with(runtime, issuing.map(|(tokens, links)| Some(Issuing { tokens, links })))
    }

    fn with(runtime: &Runtime, issuing: Result<Option<Issuing>, ConfigError>) -> Result<Self, ConfigError> {
        let Runtime { config, sources, store, reports } = runtime;
        let verifying = ConfigError::both(Tokens::new(config, sources.clone()), config.keys.cursor());
        let (issuing, (tokens, cursor_key)) = ConfigError::both(issuing, verifying)?;
        Ok(Self(Arc::new(Shared {
            store: store.clone(),
            sources: sources.clone(),
            tokens,
            issuing,
            cursors: Cursors::new(cursor_key, sources.clone()),
            fingerprints: Fingerprints::new(cursor_key),
            hasher: Hasher::new(sources.clone()),
            limits: Limits::new(config.limits.clone(), cursor_key),
            tenants: Tenants::new(config.tenant_base_domain.clone()),
            browsers: Browsers::new(
                &config.public_url,
                config.cors_origins.clone(),
                config.tenant_base_domain.as_deref(),
            ),
            cors_origins: config.cors_origins.clone(),
            feed_settle: config.feed_settle,
            max_page_bytes: config.max_page_bytes,
            reports: reports.clone(),
            pages: Pages {
                public_url: config.public_url.clone(),
                has_docs: config.docs_enabled,
                has_console: config.console_enabled,
                start: config.start_page.clone(),
            },
        })))
    }

    /// The store without counting; handlers use [`crate::RequestStore`].
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// Time and randomness.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.0.sources
    }

    /// Verifies tokens.
    #[must_use]
    pub fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    /// Hashes and verifies passwords; only [`crate::password`] uses it, which requires a [`crate::Clearance`].
    pub(crate) fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    /// Issues tokens.
    ///
    /// # Errors
    /// [`ApiError::Internal`] in a function that issues no tokens.
    pub fn issuer(&self) -> Result<&Issuer, ApiError> {
        self.issuing_part().map(|issuing| &issuing.tokens)
    }

    /// Derives and verifies the tokens of links in mail.
    ///
    /// # Errors
    /// [`ApiError::Internal`] in a function that does not issue tokens.
    pub fn links(&self) -> Result<&Links, ApiError> {
        self.issuing_part().map(|issuing| &issuing.links)
    }

    fn issuing_part(&self) -> Result<&Issuing, ApiError> {
        self.0
            .issuing
            .as_ref()
            .ok_or_else(|| ApiError::Internal("this function is not configured to issue tokens".to_owned()))
    }

    /// How far before now a feed of events ends.
    #[must_use]
    pub fn feed_settle(&self) -> Duration {
        self.0.feed_settle
    }

    /// The settings of the console and the documentation.
    #[must_use]
    pub fn pages(&self) -> &Pages {
        &self.0.pages
    }

    /// The maximum size of a page's items, in bytes as the gateway receives them.
    pub(crate) fn max_page_bytes(&self) -> usize {
        self.0.max_page_bytes
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

    /// The name of the cookie with the refresh token.
    #[must_use]
    pub fn refresh_cookie(&self) -> &'static str {
        self.0.browsers.cookie_name()
    }

    pub(crate) fn browsers(&self) -> &Browsers {
        &self.0.browsers
    }

    pub(crate) fn reports(&self) -> &Reports {
        &self.0.reports
    }

    pub(crate) fn cors_origins(&self) -> &[String] {
        &self.0.cors_origins
    }
}
