//! Mail that is sent once, however often its sender is called.

use futures_util::{StreamExt as _, stream};
use stockroom_domain::{id::OrganizationId, text::Email, user::User};
use stockroom_runtime::{Config, ConfigError, metrics};
use stockroom_store::{Bucket, MailClaim, MailOccasion, MailOutcome, Reach, Store, StoreError};

use crate::{
    address::Address,
    mail::{Mail, Mailer, SendError, Text},
};

/// How many mails about one occasion are on their way at once.
const AT_ONCE: usize = 4;

/// A mail to a user, before it is sent.
#[derive(Debug)]
pub struct Letter {
    /// The user.
    pub to: User,
    /// What it says.
    pub text: Text,
    /// The address, if it is not the one that the user has now.
    pub at: Option<Email>,
    /// Whether its link confirms the address that it goes to. Before an organization is confirmed, no other mail goes to
    /// another address than that of the sign-up.
    pub confirms_address: bool,
    /// What it counts against before it is sent.
    pub quota: Quota,
}

/// The limits that a mail counts against. Without a token of each, it is refused.
#[derive(Debug, Default)]
pub struct Quota {
    /// In an organization that an admin has confirmed.
    pub confirmed: Vec<Bucket>,
    /// In an organization that nobody has confirmed: anybody can sign one up with the address of somebody else.
    pub unconfirmed: Vec<Bucket>,
}

impl Letter {
    /// A mail to the address that the user has now.
    #[must_use]
    pub fn new(to: User, text: Text) -> Self {
        Self { to, text, at: None, confirms_address: false, quota: Quota::default() }
    }

    fn address(&self) -> &Email {
        self.at.as_ref().unwrap_or(&self.to.email)
    }

    /// Whether its organization may send it, and what it counts against then.
    fn quota_within(&self, reach: &Reach) -> Option<&[Bucket]> {
        let Reach::Unconfirmed { admin, email } = reach else { return Some(&self.quota.confirmed) };
        let is_reached = match email {
            Some(email) => email.folded() == self.address().folded() || (self.confirms_address && self.to.id == *admin),
            None => self.to.id == *admin,
        };
        is_reached.then_some(&self.quota.unconfirmed)
    }
}

/// So many people have not got their mail yet: it was not accepted, or another sender is about to send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} mails are still to be sent")]
pub struct Unsent(pub usize);

/// Sends letters, each under a claim that says what became of it.
#[derive(Debug, Clone)]
pub struct Post<M> {
    store: Store,
    from: Address,
    mailer: M,
}

impl<M: Mailer> Post<M> {
    /// One that sends by this mailer.
    ///
    /// # Errors
    /// Settings that only the sender of mail needs are missing.
    pub fn new(config: &Config, store: &Store, mailer: M) -> Result<Self, ConfigError> {
        Ok(Self { store: store.clone(), from: Address::named("Stockroom", config.mail_from()?), mailer })
    }

    /// Sends each letter, unless its recipient got one about its occasion. A letter that is not accepted keeps none of
    /// the others. An organization that nobody has confirmed sends mail to the address of the sign-up, and to another one
    /// only what confirms it: everything else is dropped here, whatever it is.
    ///
    /// # Errors
    /// [`Unsent`]: the letters are to be brought again; what was sent stays sent.
    pub async fn deliver(
        &self,
        organization: OrganizationId,
        letters: &[(MailOccasion, Letter)],
    ) -> Result<(), Unsent> {
        let Some((occasion, _)) = letters.first() else { return Ok(()) };
        let reach = self.store.mailing(organization).reach().await.map_err(|error| {
            tracing::warn!(%occasion, %error, "mail waits for the table");
            Unsent(letters.len())
        })?;
        let reached = letters
            .iter()
            .filter_map(|(occasion, letter)| letter.quota_within(&reach).map(|buckets| (*occasion, letter, buckets)));
        let reached: Vec<_> = reached.collect();
        if reached.len() < letters.len() {
            let dropped = letters.len().saturating_sub(reached.len());
            tracing::info!(%organization, %occasion, dropped, "the organization is not confirmed: mail is dropped");
        }
        let mails: Vec<_> = reached.into_iter().map(|letter| self.send(organization, letter)).collect();
        let results: Vec<Result<_, StoreError>> = stream::iter(mails).buffer_unordered(AT_ONCE).collect().await;
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            tracing::warn!(%occasion, %error, "a mail could not be sent");
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

    /// Sends one mail, unless that was done before.
    async fn send(
        &self,
        organization: OrganizationId,
        (occasion, letter, buckets): (MailOccasion, &Letter, &[Bucket]),
    ) -> Result<Option<MailOutcome>, StoreError> {
        let mailing = self.store.mailing(organization);
        let lease = match mailing.claim(occasion, letter.to.id).await? {
            MailClaim::Leased(lease) => lease,
            MailClaim::Settled => return Ok(None),
            MailClaim::Held => return Ok(Some(MailOutcome::Unsent)),
        };
        let mail = Mail {
            organization,
            from: self.from.clone(),
            to: Address::new(&letter.to.full_name, letter.address()),
            text: letter.text.clone(),
        };
        let sent = if mailing.count(buckets).await? {
            self.mailer.send(&mail).await
        } else {
            Err(SendError::Refused("the limit on mails to this mailbox is reached".to_owned()))
        };
        let outcome = match sent {
            Ok(()) => MailOutcome::Sent,
            Err(SendError::Refused(reason)) => {
                tracing::warn!(%occasion, user = %letter.to.id, reason, "a mail was refused");
                MailOutcome::Refused
            }
            Err(SendError::Unavailable(reason)) => {
                tracing::warn!(%occasion, user = %letter.to.id, reason, "a mail is tried again later");
                MailOutcome::Unsent
            }
        };
        if !mailing.settle(&lease, outcome).await? {
            tracing::warn!(%occasion, user = %letter.to.id, "a mail took longer than its lease");
        }
        Ok(Some(outcome))
    }
}
