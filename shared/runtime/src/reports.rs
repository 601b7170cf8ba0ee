//! Reports to Sentry: failures, and durations of calls. Without `SENTRY_DSN` there is no client, and this module only
//! catches panics.
//!
//! A report has function, route or job, request, organization, and the kind of error. It has no personal data: no
//! user, address, path, parameter, header or body, and of an error only the program's own text. The log has the rest
//! under the request id.

use std::{
    fmt::{self, Display},
    panic::AssertUnwindSafe,
    sync::Arc,
};

use futures_util::FutureExt as _;
use sentry::{
    Client, ClientOptions, Hub, MaxRequestBodySize, Scope, SentryFutureExt as _, Transaction, TransactionContext,
    protocol::{Event, Exception, SpanStatus},
};
use stockroom_domain::id::OrganizationId;

use crate::{
    config::{Config, Environment},
    outbox::Outbox,
    telemetry::last_panic,
};

/// The most characters of an error's text in a report.
const MAX_CAUSE: usize = 300;

/// Reports of calls. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Reports(Option<Arc<Recipient>>);

struct Recipient {
    client: Arc<Client>,
    outbox: Arc<Outbox>,
    function: String,
}

/// A call in progress.
#[derive(Debug)]
#[must_use = "a call is finished, so that its reports leave before its answer"]
pub struct Call(Option<Reported>);

struct Reported {
    hub: Arc<Hub>,
    transaction: Transaction,
    outbox: Arc<Outbox>,
}

/// A call panicked, at this place in the code if known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("panicked at {}", .0.as_deref().unwrap_or("an unknown place"))]
pub struct Panicked(Option<String>);

impl Reports {
    /// Creates the client, if reports are configured. It connects with the first report.
    pub(crate) fn new(config: &Config) -> Self {
        let recipient = config.sentry_dsn.as_ref().map(|dsn| {
            let outbox = Arc::new(Outbox::new(dsn));
            let mut options = ClientOptions::new()
                .release(concat!("stockroom@", env!("CARGO_PKG_VERSION")))
                .environment(config.environment.name())
                .traces_sample_rate(traces_sample_rate(config.environment))
                .send_default_pii(false)
                .max_request_body_size(MaxRequestBodySize::None)
                .transport(Arc::clone(&outbox));
            options.dsn = Some(dsn.clone());
            // Created without `sentry::init`, which reads the environment and installs integrations that inspect the
            // machine.
            let client = Arc::new(Client::from(options));
            Arc::new(Recipient { client, outbox, function: config.function.clone() })
        });
        Self(recipient)
    }

    /// Starts a call of a route, or of a function without routes.
    pub fn call(&self, name: impl Display, kind: &str, request_id: &str) -> Call {
        let Some(recipient) = &self.0 else { return Call(None) };
        let hub = Hub::new(Some(Arc::clone(&recipient.client)), Arc::new(Scope::default()));
        let name = name.to_string();
        let transaction = hub.start_transaction(TransactionContext::new(&name, kind));
        hub.configure_scope(|scope| {
            scope.set_tag("function", &recipient.function);
            scope.set_tag("route", &name);
            scope.set_tag("request_id", request_id);
            scope.set_span(Some(transaction.clone().into()));
        });
        Call(Some(Reported { hub: Arc::new(hub), transaction, outbox: Arc::clone(&recipient.outbox) }))
    }
}

impl Call {
    /// Runs the call. [Reports](report) inside it become part of this call.
    ///
    /// # Errors
    /// [`Panicked`], in place of the panic.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> Result<T, Panicked> {
        let work = AssertUnwindSafe(work).catch_unwind();
        let result = match &self.0 {
            Some(reported) => work.bind_hub(Arc::clone(&reported.hub)).await,
            None => work.await,
        };
        result.map_err(|_| Panicked(last_panic()))
    }

    /// Reports that the call failed.
    pub fn fail(&self, kind: &str, cause: impl Display) {
        if let Some(reported) = &self.0 {
            reported.hub.capture_event(event(kind, &cause));
        }
    }

    /// Ends the call, and sends its reports before its response.
    pub async fn finish(self, is_failed: bool) {
        let Some(Reported { hub, transaction, outbox }) = self.0 else { return };
        transaction.set_status(if is_failed { SpanStatus::InternalError } else { SpanStatus::Ok });
        Hub::run(hub, || transaction.finish());
        outbox.flush().await;
    }
}

/// Names the organization of the current call.
pub fn concerns(organization: OrganizationId) {
    let hub = Hub::current();
    if hub.client().is_some() {
        hub.configure_scope(|scope| scope.set_tag("organization", organization));
    }
}

/// Reports a failure that does not end the current call.
pub fn report(kind: &str, cause: impl Display, organization: Option<OrganizationId>) {
    let mut event = event(kind, &cause);
    event.tags.extend(organization.map(|id| ("organization".to_owned(), id.to_string())));
    Hub::current().capture_event(event);
}

fn event(kind: &str, cause: &dyn Display) -> Event<'static> {
    let value = Some(without_values(&cause.to_string()));
    Event {
        exception: vec![Exception { ty: kind.to_owned(), value, ..Exception::default() }].into(),
        ..Event::default()
    }
}

/// An error's text without quoted values and possible addresses. Values are in quotes in messages of this program and
/// of its libraries.
fn without_values(text: &str) -> String {
    let mut plain = String::new();
    let mut quote = None;
    let mut is_escaped = false;
    let mut is_in_word = false;
    for sign in text.chars() {
        match quote {
            Some(_) if is_escaped => is_escaped = false,
            Some(_) if sign == '\\' => is_escaped = true,
            Some(end) if sign == end => quote = None,
            Some(_) => {}
            // Within a word it is an apostrophe.
            None if matches!(sign, '"' | '`') || (sign == '\'' && !is_in_word) => {
                quote = Some(sign);
                plain.push('…');
            }
            None => plain.push(sign),
        }
        is_in_word = sign.is_alphanumeric();
    }
    let words = plain.split_whitespace().map(|word| if word.contains('@') { "…" } else { word });
    words.collect::<Vec<_>>().join(" ").chars().take(MAX_CAUSE).collect()
}

/// The share of calls that is traced.
fn traces_sample_rate(environment: Environment) -> f32 {
    match environment {
        Environment::Development | Environment::Testing => 1.0,
        Environment::Staging | Environment::Production => 0.1,
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipient").field("function", &self.function).finish_non_exhaustive()
    }
}

impl fmt::Debug for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reported").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_values_removes_quoted_values() {
        let told = [
            ("internal: unknown variant `n@acme.example`, expected `STAFF`", "internal: unknown variant …, expected …"),
            (r#"invalid type: string "Nancy \"N\" Davolio", expected u8"#, "invalid type: string …, expected u8"),
            ("no mail to nancy@acme.example: throttled", "no mail to … throttled"),
            ("an open \"quote", "an open …"),
            ("Value 'Nancy Davolio' at 'name' isn't valid", "Value … at … isn't valid"),
        ];
        for (text, plain) in told {
            assert_eq!(without_values(text), plain);
        }
        assert_eq!(without_values(&"é".repeat(1_000)).chars().count(), MAX_CAUSE);
    }

    #[test]
    fn traces_sample_rate_in_production_is_one_tenth() {
        let percent = [Environment::Development, Environment::Testing, Environment::Staging, Environment::Production]
            .map(|environment| format!("{:?}", traces_sample_rate(environment)));
        assert_eq!(percent, ["1.0", "1.0", "0.1", "0.1"]);
    }
}
