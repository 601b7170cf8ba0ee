//! Notifications: mail for what happened.

mod letter;

use aws_lambda_events::eventbridge::EventBridgeEvent;
use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use stockroom_domain::source::Sources;
use stockroom_notify::{Address, Detail, Mail, Mailer, SOURCE, SendError, VERSION};
use stockroom_runtime::{ConfigError, Links, Runtime};
use stockroom_store::{MailClaim, MailOutcome, Store, StoreError};

use crate::letter::{Letter, Occasion};

/// How many mails of one event are on their way at once.
const AT_ONCE: usize = 4;

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
    /// So many people have not got their mail yet: it was not accepted, or another consumer is about to send it.
    #[error("{0} mails are still to be sent")]
    Unsent(usize),
}

/// Sends the mails.
#[derive(Debug, Clone)]
pub struct Notifier<M> {
    store: Store,
    sources: Sources,
    links: std::sync::Arc<Links>,
    from: Address,
    mailer: M,
}

impl<M: Mailer> Notifier<M> {
    /// One that sends by this mailer.
    ///
    /// # Errors
    /// Settings that only the sender of mail needs are missing.
    pub fn new(runtime: &Runtime, mailer: M) -> Result<Self, ConfigError> {
        let Runtime { config, sources, store } = runtime;
        Ok(Self {
            store: store.clone(),
            sources: sources.clone(),
            links: Links::new(config).into(),
            from: Address::named("Stockroom", config.mail_from()?),
            mailer,
        })
    }

    /// Sends the mails of one event, each once however often the event comes. One that is not accepted keeps none of the
    /// others.
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
        if detail.version != VERSION {
            return Err(NotifyError::Unreadable(format!("its version is {}", detail.version)));
        }
        let letters = letter::letters(&self.store, &self.links, self.sources.now(), occasion, &detail).await?;
        let mails: Vec<_> = letters.iter().map(|letter| self.deliver(&detail, letter)).collect();
        let results: Vec<Result<bool, NotifyError>> = stream::iter(mails).buffer_unordered(AT_ONCE).collect().await;
        let unsent = results.iter().filter(|result| !matches!(result, Ok(true))).count();
        for error in results.into_iter().filter_map(Result::err) {
            tracing::warn!(event = %detail.id, %error, "a mail could not be sent");
        }
        if unsent == 0 { Ok(()) } else { Err(NotifyError::Unsent(unsent)) }
    }

    /// Sends one mail, unless that was done. False when it is to be tried again.
    async fn deliver(&self, detail: &Detail, letter: &Letter) -> Result<bool, NotifyError> {
        let mailing = self.store.mailing(detail.organization_id);
        let lease = match mailing.claim(detail.id, letter.to.id).await? {
            MailClaim::Leased(lease) => lease,
            MailClaim::Settled => return Ok(true),
            MailClaim::Held => return Ok(false),
        };
        let mail = Mail {
            organization: detail.organization_id,
            from: self.from.clone(),
            to: Address::new(&letter.to.full_name, &letter.to.email),
            text: letter.text.clone(),
        };
        let outcome = match self.mailer.send(&mail).await {
            Ok(()) => MailOutcome::Sent,
            Err(SendError::Refused(reason)) => {
                tracing::warn!(event = %detail.id, user = %letter.to.id, reason, "a mail was refused");
                MailOutcome::Refused
            }
            Err(SendError::Unavailable(reason)) => {
                tracing::warn!(event = %detail.id, user = %letter.to.id, reason, "a mail is tried again later");
                MailOutcome::Unsent
            }
        };
        if !mailing.settle(&lease, outcome).await? {
            tracing::warn!(event = %detail.id, user = %letter.to.id, "a mail took longer than its lease");
        }
        Ok(outcome != MailOutcome::Unsent)
    }
}
