//! Notifications: emails about events. Tests: `tests/api/bus/mail.rs`, `tests/api/bus/links.rs`.

mod emails;

use aws_lambda_events::eventbridge::EventBridgeEvent;
use serde_json::Value;
use stockroom_domain::{event::EventType, source::Sources};
use stockroom_notify::{Detail, Mailer, SOURCE, Transport, Unsent, VERSION};
use stockroom_runtime::{ConfigError, Group, Links, Runtime, concerns};
use stockroom_store::{Store, StoreError};

use crate::emails::{EmailBuilder, EmailKind, MailLimits};

/// The settings that this function reads.
pub const SETTINGS: &[Group] = &[Group::Links, Group::Mail];

/// The events that lead to an email, which a rule of the bus delivers.
pub fn events() -> impl Iterator<Item = EventType> {
    EmailKind::all().map(|(event, _)| event)
}

/// The reason why an event must be delivered again.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The event has another version than this program knows, or is malformed.
    #[error("the event cannot be read: {0}")]
    Unreadable(String),
    /// The table did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A template failed.
    #[error("the email could not be rendered: {0}")]
    Template(String),
    /// Some emails are not sent yet.
    #[error(transparent)]
    Unsent(#[from] Unsent),
}

/// Sends the emails of events.
#[derive(Debug, Clone)]
pub struct Notifier<T> {
    store: Store,
    sources: Sources,
    links: std::sync::Arc<Links>,
    limits: MailLimits,
    mailer: Mailer<T>,
}

impl<T: Transport> Notifier<T> {
    /// A notifier with this transport.
    ///
    /// # Errors
    /// `MAIL_FROM` or `SECRET_KEY` is missing.
    pub fn new(runtime: &Runtime, transport: T) -> Result<Self, ConfigError> {
        let Runtime { config, sources, store, .. } = runtime;
        let (mailer, links) = ConfigError::both(Mailer::new(config, store, transport), Links::new(config))?;
        let limits = MailLimits { mailbox: config.limits.mailbox, link_mails: config.limits.link_mails };
        Ok(Self { store: store.clone(), sources: sources.clone(), links: links.into(), limits, mailer })
    }

    /// Sends the emails of one event, each once even if the event is delivered again. A failed email does not stop the
    /// others.
    ///
    /// # Errors
    /// [`NotifyError`]: the event must be delivered again; emails that were sent are skipped then.
    pub async fn notify(&self, event: Value) -> Result<(), NotifyError> {
        let unreadable = |error: serde_json::Error| NotifyError::Unreadable(error.to_string());
        let event: EventBridgeEvent = serde_json::from_value(event).map_err(unreadable)?;
        let Some(kind) = EmailKind::of(&event.detail_type).filter(|_| event.source == SOURCE) else {
            return Ok(());
        };
        let detail: Detail = serde_json::from_value(event.detail).map_err(unreadable)?;
        concerns(detail.organization_id);
        if detail.version != VERSION {
            return Err(NotifyError::Unreadable(format!("its version is {}", detail.version)));
        }
        let Self { store, links, limits, .. } = self;
        let builder = EmailBuilder { store, links, limits: *limits, now: self.sources.now() };
        let emails = builder.emails(kind, &detail).await?;
        Ok(self.mailer.deliver(detail.organization_id, &emails).await?)
    }
}
