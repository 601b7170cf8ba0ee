//! Notifications: mail for what happened.

mod letter;

use aws_lambda_events::eventbridge::EventBridgeEvent;
use serde_json::Value;
use stockroom_domain::{event::EventType, source::Sources};
use stockroom_notify::{Detail, Mailer, Post, SOURCE, Unsent, VERSION};
use stockroom_runtime::{ConfigError, Group, Links, Runtime, concerns};
use stockroom_store::{Store, StoreError};

use crate::letter::{MailLimits, Occasion, Writer};

/// The settings that this function reads.
pub const SETTINGS: &[Group] = &[Group::Links, Group::Mail];

/// The events that mail is sent of, which the bus has to hand over.
pub fn events() -> impl Iterator<Item = EventType> {
    Occasion::all().map(|(event, _)| event)
}

/// Why an event is to come again.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// It is not in the form of this program's time.
    #[error("the event cannot be read: {0}")]
    Unreadable(String),
    /// The table could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A letter could not be written.
    #[error("the letter could not be written: {0}")]
    Letter(String),
    /// Somebody has not got their mail yet.
    #[error(transparent)]
    Unsent(#[from] Unsent),
}

/// Sends the mails.
#[derive(Debug, Clone)]
pub struct Notifier<M> {
    store: Store,
    sources: Sources,
    links: std::sync::Arc<Links>,
    limits: MailLimits,
    post: Post<M>,
}

impl<M: Mailer> Notifier<M> {
    /// One that sends by this mailer.
    ///
    /// # Errors
    /// Settings that only the sender of mail needs are missing.
    pub fn new(runtime: &Runtime, mailer: M) -> Result<Self, ConfigError> {
        let Runtime { config, sources, store, .. } = runtime;
        let (post, links) = ConfigError::both(Post::new(config, store, mailer), Links::new(config))?;
        let limits = MailLimits { mailbox: config.limits.mailbox, link_mails: config.limits.link_mails };
        Ok(Self { store: store.clone(), sources: sources.clone(), links: links.into(), limits, post })
    }

    /// Sends the mails of one event, each once however often the event comes. One that is not accepted keeps none of
    /// the others.
    ///
    /// # Errors
    /// [`NotifyError`]: the event is to come again; what was sent stays sent.
    pub async fn notify(&self, event: Value) -> Result<(), NotifyError> {
        let unreadable = |error: serde_json::Error| NotifyError::Unreadable(error.to_string());
        let event: EventBridgeEvent = serde_json::from_value(event).map_err(unreadable)?;
        let Some(occasion) = Occasion::of(&event.detail_type).filter(|_| event.source == SOURCE) else {
            return Ok(());
        };
        let detail: Detail = serde_json::from_value(event.detail).map_err(unreadable)?;
        concerns(detail.organization_id);
        if detail.version != VERSION {
            return Err(NotifyError::Unreadable(format!("its version is {}", detail.version)));
        }
        let Self { store, links, limits, .. } = self;
        let writer = Writer { store, links, limits: *limits, now: self.sources.now() };
        let letters = writer.letters(occasion, &detail).await?;
        Ok(self.post.deliver(detail.organization_id, &letters).await?)
    }
}
