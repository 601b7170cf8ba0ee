//! The queue of reports for Sentry. The call that flushes it sends them, with the HTTP client of the SDK. There is no
//! thread that Lambda would freeze between two calls, and no connection without a report.

use std::{
    fmt,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use aws_smithy_http_client::default_connector;
use aws_smithy_runtime_api::client::{
    http::{HttpConnector as _, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::HttpRequest,
};
use aws_smithy_types::{body::SdkBody, error::display::DisplayErrorContext};
use futures_util::future::try_join_all;
use http_body_util::BodyExt as _;
use sentry::{
    Envelope, Transport,
    protocol::EnvelopeItem,
    transports::{RateLimiter, RateLimitingCategory},
    types::Dsn,
};
use tokio::time::timeout;

/// How long a response waits for its reports.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(1);
/// The most reports in the queue; further ones are dropped.
const MAX_WAITING: usize = 30;

pub(crate) struct Outbox {
    url: String,
    authorization: String,
    waiting: Mutex<Vec<Envelope>>,
    /// When Sentry accepts reports again. If Sentry does not answer, reporting pauses for a minute, so that only one
    /// response waits for it.
    limits: Mutex<RateLimiter>,
    connector: OnceLock<Option<SharedHttpConnector>>,
}

impl Outbox {
    pub(crate) fn new(dsn: &Dsn) -> Self {
        Self {
            url: dsn.envelope_api_url().to_string(),
            authorization: dsn.to_auth(Some(concat!("stockroom/", env!("CARGO_PKG_VERSION")))).to_string(),
            waiting: Mutex::default(),
            limits: Mutex::default(),
            connector: OnceLock::new(),
        }
    }

    /// Sends the queue for up to [`MAX_WAIT`]; then the rest is dropped.
    pub(crate) async fn flush(&self) {
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let wanted: Vec<Envelope> = waiting.into_iter().filter(|envelope| self.is_wanted(envelope)).collect();
        if wanted.is_empty() {
            return;
        }
        let sent = timeout(MAX_WAIT, try_join_all(wanted.into_iter().map(|envelope| self.send(envelope)))).await;
        let reason = match sent {
            Ok(Ok(_)) => return,
            Ok(Err(reason)) => reason,
            Err(_) => "it did not answer in time".to_owned(),
        };
        tracing::warn!(reason, "Sentry rejected a report; reporting pauses for one minute");
        self.limits.lock().unwrap_or_else(PoisonError::into_inner).update_from_429();
    }

    fn is_wanted(&self, envelope: &Envelope) -> bool {
        let limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        let is_transaction = envelope.items().any(|item| matches!(item, EnvelopeItem::Transaction(_)));
        let category = if is_transaction { RateLimitingCategory::Transaction } else { RateLimitingCategory::Error };
        limits.is_enabled(category)
    }

    async fn send(&self, envelope: Envelope) -> Result<(), String> {
        let connector = self.connector.get_or_init(|| default_connector(&HttpConnectorSettings::default(), None));
        let connector = connector.as_ref().ok_or("there is no connector")?;
        let request = self.request(&envelope).map_err(|error| error.to_string())?;
        let response = connector.call(request).await.map_err(|error| DisplayErrorContext(error).to_string())?;
        let (status, retry_after) = (response.status().as_u16(), response.headers().get("retry-after"));
        {
            let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(stated) = response.headers().get("x-sentry-rate-limits") {
                limits.update_from_sentry_header(stated);
            } else if let Some(stated) = retry_after {
                limits.update_from_retry_after(stated);
            } else if status == 429 {
                limits.update_from_429();
            }
        }
        // A connection whose answer was read to its end is used again.
        response.into_body().collect().await.map_err(|error| error.to_string())?;
        if status < 400 || status == 429 { Ok(()) } else { Err(format!("it answered {status}")) }
    }

    fn request(&self, envelope: &Envelope) -> Result<HttpRequest, Box<dyn std::error::Error + Send + Sync>> {
        let mut body = Vec::new();
        envelope.to_writer(&mut body)?;
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("POST")?;
        request.set_uri(self.url.as_str())?;
        request.headers_mut().try_insert("content-type", "application/x-sentry-envelope")?;
        request.headers_mut().try_insert("x-sentry-auth", self.authorization.clone())?;
        Ok(request)
    }
}

impl Transport for Outbox {
    fn send_envelope(&self, envelope: Envelope) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MAX_WAITING {
            waiting.push(envelope);
        }
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").finish_non_exhaustive()
    }
}
