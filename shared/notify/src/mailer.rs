//! Sends each email once, even if its sender is called several times.

use futures_util::{StreamExt as _, stream};
use stockroom_domain::{id::OrganizationId, text::Email as EmailAddress, user::User};
use stockroom_runtime::{Config, ConfigError, metrics};
use stockroom_store::{Bucket, MailClaim, MailOccasion, MailOutcome, Reach, Store, StoreError};

use crate::{
    address::Address,
    transport::{Content, Message, SendError, Transport},
};

/// The number of emails about one occasion that are sent at once.
const CONCURRENCY: usize = 4;

/// An email to a user, before it is sent.
#[derive(Debug)]
pub struct Email {
    /// The recipient.
    pub to: User,
    /// Subject and bodies.
    pub content: Content,
    /// The address, if it is not the present one of the user.
    pub address: Option<EmailAddress>,
    /// Whether its link confirms the address that it goes to. Before an organization is confirmed, no other email goes
    /// to another address than that of the sign-up.
    pub confirms_address: bool,
    /// The limits that it counts against before it is sent.
    pub quota: Quota,
}

/// The limits that an email counts against. Without a token of each, it is refused.
#[derive(Debug, Default)]
pub struct Quota {
    /// In an organization that an admin has confirmed.
    pub confirmed: Vec<Bucket>,
    /// In an unconfirmed organization: anyone can sign one up with the address of someone else. `None`: such an
    /// organization does not send the email.
    pub unconfirmed: Option<Vec<Bucket>>,
}

impl Email {
    /// An email to the present address of the user, without a limit. An unconfirmed organization does not send it.
    #[must_use]
    pub fn new(to: User, content: Content) -> Self {
        Self { to, content, address: None, confirms_address: false, quota: Quota::default() }
    }

    fn address(&self) -> &EmailAddress {
        self.address.as_ref().unwrap_or(&self.to.email)
    }

    /// The limits that it counts against, if its organization may send it.
    fn quota_within(&self, reach: &Reach) -> Option<&[Bucket]> {
        let Reach::Unconfirmed { admin, email } = reach else { return Some(&self.quota.confirmed) };
        let is_reached = match email {
            Some(email) => email.folded() == self.address().folded() || (self.confirms_address && self.to.id == *admin),
            None => self.to.id == *admin,
        };
        self.quota.unconfirmed.as_deref().filter(|_| is_reached)
    }
}

/// The number of emails that are not sent yet: the transport did not accept them, or another sender has claimed them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} emails are not sent yet")]
pub struct Unsent(pub usize);

/// Sends emails, each under a claim that records its outcome.
#[derive(Debug, Clone)]
pub struct Mailer<T> {
    store: Store,
    from: Address,
    transport: T,
}

impl<T: Transport> Mailer<T> {
    /// A mailer with this transport.
    ///
    /// # Errors
    /// `MAIL_FROM` is missing.
    pub fn new(config: &Config, store: &Store, transport: T) -> Result<Self, ConfigError> {
        Ok(Self { store: store.clone(), from: Address::named("Stockroom", config.mail_from()?), transport })
    }

    /// Sends each email, unless its recipient already got one about its occasion. A failed email does not stop the
    /// others. An unconfirmed organization sends links and notices to the address of the sign-up, and to another one
    /// only the email that confirms it. All its other emails are dropped here.
    ///
    /// # Errors
    /// [`Unsent`]: call again with the same emails; those that were sent are skipped.
    pub async fn deliver(&self, organization: OrganizationId, emails: &[(MailOccasion, Email)]) -> Result<(), Unsent> {
        let Some((occasion, _)) = emails.first() else { return Ok(()) };
        let reach = self.store.mailing(organization).reach().await.map_err(|error| {
            tracing::warn!(%organization, %occasion, %error, "emails postponed: the table did not answer");
            Unsent(emails.len())
        })?;
        let allowed = emails
            .iter()
            .filter_map(|(occasion, email)| email.quota_within(&reach).map(|buckets| (*occasion, email, buckets)));
        let allowed: Vec<_> = allowed.collect();
        if allowed.len() < emails.len() {
            let dropped = emails.len().saturating_sub(allowed.len());
            tracing::info!(%organization, %occasion, dropped, "emails dropped: the organization is not confirmed");
        }
        let sends: Vec<_> = allowed.into_iter().map(|email| self.send(organization, email)).collect();
        let results: Vec<Result<_, StoreError>> = stream::iter(sends).buffer_unordered(CONCURRENCY).collect().await;
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            tracing::warn!(%organization, %occasion, %error, "email postponed: the table did not answer");
        }
        let outcomes = || results.iter().map(|result| result.as_ref().copied().unwrap_or(Some(MailOutcome::Unsent)));
        let count = |wanted| outcomes().filter(|outcome| *outcome == Some(wanted)).count();
        let unsent = count(MailOutcome::Unsent);
        if !results.is_empty() {
            tracing::info!(
                target: metrics::MAIL,
                %organization,
                %occasion,
                mails_sent = count(MailOutcome::Sent),
                mails_refused = count(MailOutcome::Refused),
                mails_unsent = unsent,
                "mail"
            );
        }
        if unsent == 0 { Ok(()) } else { Err(Unsent(unsent)) }
    }

    /// Sends one email. `None` if its claim says that this was done before.
    async fn send(
        &self,
        organization: OrganizationId,
        (occasion, email, buckets): (MailOccasion, &Email, &[Bucket]),
    ) -> Result<Option<MailOutcome>, StoreError> {
        let mailing = self.store.mailing(organization);
        let lease = match mailing.claim(occasion, email.to.id).await? {
            MailClaim::Leased(lease) => lease,
            MailClaim::Settled => return Ok(None),
            MailClaim::Held => return Ok(Some(MailOutcome::Unsent)),
        };
        let message = Message {
            organization,
            from: self.from.clone(),
            to: Address::new(&email.to.full_name, email.address()),
            content: email.content.clone(),
        };
        let kind = email.content.kind;
        // An attempt that the transport did not accept was counted; the next one of the same email is not.
        let sent = if lease.is_counted || mailing.count(buckets).await? {
            self.transport.send(&message).await
        } else {
            Err(SendError::Refused("the limit of emails to this mailbox is reached".to_owned()))
        };
        let outcome = match sent {
            Ok(()) => MailOutcome::Sent,
            Err(SendError::Refused(reason)) => {
                tracing::warn!(%occasion, ?kind, user = %email.to.id, reason, "email refused, no further attempt");
                MailOutcome::Refused
            }
            Err(SendError::Unavailable(reason)) => {
                tracing::warn!(%occasion, ?kind, user = %email.to.id, reason, "email not accepted, will be sent again");
                MailOutcome::Unsent
            }
        };
        if !mailing.settle(&lease, outcome).await? {
            tracing::warn!(%occasion, user = %email.to.id, "sending an email took longer than its lease");
        }
        Ok(Some(outcome))
    }
}
