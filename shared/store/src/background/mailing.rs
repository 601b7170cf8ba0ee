//! Mail about events: recipients, occasion, and claims of mails.
//!
//! An event may be delivered twice, and two consumers may have it at once. So each mail is claimed before it is sent:
//! one consumer gets a lease on the claim, which then records the outcome. A consumer that finds a lease retries
//! later. A mail is sent twice only if its sender fails, or misses the acceptance, between sending and recording.

use std::{fmt, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;
use stockroom_domain::{
    access::Role,
    id::{EventId, OrganizationId, PurchaseRequestId, UserId},
    organization::{Organization, OrganizationStatus},
    purchasing::PurchaseRequest,
    text::Email,
    time::Timestamp,
    user::{User, UserStatus},
};

use crate::{
    dynamo::{
        expression::expression,
        item::{Item, attributes, data, n, s},
        key::Key,
        query::Query,
        table::Conditional,
    },
    error::StoreError,
    keys::OrganizationKeys,
    people::{
        addresses::{EmailChange, unconfirmed_admin, unconfirmed_email},
        invitation::Invitation,
        session_records::Sessions,
    },
    rate_limit::counter::Bucket,
    write::access::Table,
};

/// Life of a lease on a mail: longer than sending takes.
pub const MAIL_LEASE: Duration = Duration::from_secs(30);
/// The number of users that one call reads.
const EXAMINED: usize = 1_000;
/// How long a sent mail is remembered: longer than any event is redelivered.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// The occasion of a mail. A user gets one mail for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailOccasion {
    /// An event of the log.
    Event(EventId),
    /// A second mail to the same user about the same event.
    Notice(EventId),
    /// Low levels at that time.
    LowStock(Timestamp),
    /// The week that ended at that time.
    WeeklyReport(Timestamp),
}

impl fmt::Display for MailOccasion {
    /// As it stands in the claim's key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(event) => event.fmt(f),
            Self::Notice(event) => write!(f, "NOTICE#{event}"),
            Self::LowStock(at) => write!(f, "LOW_STOCK#{at}"),
            Self::WeeklyReport(end) => write!(f, "WEEKLY_REPORT#{end}"),
        }
    }
}

/// A recipient of mail.
#[derive(Debug, Clone)]
pub struct Recipient {
    /// An active user.
    pub user: User,
    /// The account's epoch, which rises with its password and address.
    pub auth_epoch: u64,
    /// The event of the user's request for another address, while it can be confirmed.
    pub email_change: Option<EventId>,
}

/// The recipients that an organization may send mail to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// To all its users: an admin has confirmed an address.
    Everyone,
    /// Until then to the address of the sign-up, and to the admin who confirms another one.
    Unconfirmed {
        /// The admin whose address is unconfirmed.
        admin: UserId,
        /// The address of the sign-up. None for organizations from before it was stored: then the admin's present one.
        email: Option<Email>,
    },
}

/// The result of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailClaim {
    /// The caller has the lease for [`MAIL_LEASE`] and sends the mail now.
    Leased(MailLease),
    /// The mail was sent or rejected.
    Settled,
    /// Another consumer has the lease.
    Held,
}

/// A lease on a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailLease {
    key: Key,
    holder: String,
    /// Whether an earlier attempt was counted against the limits.
    pub is_counted: bool,
}

/// The outcome of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailOutcome {
    /// It was accepted.
    Sent,
    /// It was rejected permanently.
    Refused,
    /// It may be retried.
    Unsent,
}

impl MailOutcome {
    fn name(self) -> &'static str {
        match self {
            Self::Sent => "SENT",
            Self::Refused => "REFUSED",
            Self::Unsent => UNSENT,
        }
    }
}

/// On a claim: an attempt was counted against the limits.
const COUNTED: &str = "counted";
const LEASED: &str = "LEASED";
const UNSENT: &str = "UNSENT";

#[derive(Debug, Deserialize)]
struct ClaimRecord {
    state: String,
}

/// See [`crate::Store::mailing`].
#[derive(Debug, Clone, Copy)]
pub struct Mailing<'a> {
    table: &'a Table,
    keys: OrganizationKeys,
}

impl<'a> Mailing<'a> {
    pub(crate) fn new(table: &'a Table, organization: OrganizationId) -> Self {
        Self { table, keys: OrganizationKeys(organization) }
    }

    /// The organization and one of its users; `None` unless both are active.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn recipient(&self, user: UserId) -> Result<Option<(Organization, Recipient)>, StoreError> {
        let (organization, user) = (self.keys.organization(), self.keys.user(user));
        let items = self.table.get(&[organization.clone(), user.clone()]).await?;
        let organization = items.get(&organization).map(active_organization).transpose()?.flatten();
        let recipient = items.get(&user).map(active_user).transpose()?.flatten();
        Ok(organization.zip(recipient))
    }

    /// The organization, if it is active, and a purchase request as it is now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn request(&self, id: PurchaseRequestId) -> Result<Option<(Organization, PurchaseRequest)>, StoreError> {
        let (organization, request) = (self.keys.organization(), self.keys.request(id));
        let items = self.table.get(&[organization.clone(), request.clone()]).await?;
        let organization = items.get(&organization).map(active_organization).transpose()?.flatten();
        Ok(organization.zip(items.get(&request).map(data).transpose()?))
    }

    /// The organization, if it is active.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn organization(&self) -> Result<Option<Organization>, StoreError> {
        let key = self.keys.organization();
        let items = self.table.get(std::slice::from_ref(&key)).await?;
        Ok(items.get(&key).map(active_organization).transpose()?.flatten())
    }

    /// The recipients that the organization may send mail to. The sender asks this once for all kinds of mail.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn reach(&self) -> Result<Reach, StoreError> {
        let key = self.keys.organization();
        let items = self.table.get(std::slice::from_ref(&key)).await?;
        let Some((item, admin)) = items.get(&key).and_then(|item| Some((item, unconfirmed_admin(item)?))) else {
            return Ok(Reach::Everyone);
        };
        Ok(Reach::Unconfirmed { admin, email: unconfirmed_email(item)? })
    }

    /// The active users who were invited and have not set a password yet.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn invited(&self) -> Result<Vec<(Recipient, Invitation)>, StoreError> {
        let filter = expression("attribute_exists(#invitation)");
        let items = self.table.query_all(Query { filter, ..Query::new(self.keys.users(), EXAMINED) }).await?;
        let mut invited = Vec::new();
        for item in &items {
            invited.extend(active_user(item)?.zip(Invitation::open(item)?));
        }
        Ok(invited)
    }

    /// Counts a mail against each limit. False when one of them is reached; the others have lost a token then.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn count(&self, buckets: &[Bucket]) -> Result<bool, StoreError> {
        for bucket in buckets {
            if !self.table.take_exactly(bucket).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The active managers and admins.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn managers(&self) -> Result<Vec<Recipient>, StoreError> {
        let is_one = expression("#data.#status = :active AND (#data.#role = :manager OR #data.#role = :admin)")
            .with("active", s(UserStatus::Active.name()))
            .with("manager", s(Role::Manager.name()))
            .with("admin", s(Role::Admin.name()));
        let query = Query { filter: is_one, ..Query::new(self.keys.users(), EXAMINED) };
        let items = self.table.query_all(query).await?;
        let users: Result<Vec<_>, _> = items.iter().map(active_user).collect();
        Ok(users?.into_iter().flatten().collect())
    }

    /// Claims the mail to a user about an occasion.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim(&self, occasion: MailOccasion, user: UserId) -> Result<MailClaim, StoreError> {
        let now = self.table.sources.now();
        let holder = self.table.sources.bytes::<16>().map(|byte| format!("{byte:02x}")).concat();
        let lease = MailLease { key: self.keys.mail_claim(occasion, user), holder, is_counted: false };
        let take = expression("SET #state = :leased, #holder = :holder, #until = :until, #expires_at = :expires")
            .with("leased", s(LEASED))
            .with("holder", s(&lease.holder))
            .with("until", n(now.plus(MAIL_LEASE).unix_millis()))
            .with("expires", n(now.plus(KEPT).unix_seconds()));
        // The holder finds its own lease when the reply to a first try was lost.
        let is_free = expression(
            "attribute_not_exists(#pk) OR #state = :unsent OR #holder = :holder \
             OR (#state = :leased AND #until < :now)",
        )
        .with("unsent", s(UNSENT))
        .with("now", n(now.unix_millis()));
        let (taken, item) = self.table.update(&lease.key, &take, &is_free).await?;
        if taken == Conditional::Done {
            let is_counted = item.is_some_and(|item| item.contains_key(COUNTED));
            return Ok(MailClaim::Leased(MailLease { is_counted, ..lease }));
        }
        let items = self.table.get(std::slice::from_ref(&lease.key)).await?;
        let record: Option<ClaimRecord> = items.get(&lease.key).map(attributes).transpose()?;
        let is_settled = record.is_some_and(|record| record.state != LEASED && record.state != UNSENT);
        Ok(if is_settled { MailClaim::Settled } else { MailClaim::Held })
    }

    /// Records the outcome of a mail. An unsent one was counted, and its next attempt is not counted again. False if
    /// the lease expired and another consumer took the claim over.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn settle(&self, lease: &MailLease, outcome: MailOutcome) -> Result<bool, StoreError> {
        let mark = match outcome {
            MailOutcome::Unsent => {
                expression("SET #state = :state, #counted = :counted").with("counted", AttributeValue::Bool(true))
            }
            MailOutcome::Sent | MailOutcome::Refused => expression("SET #state = :state"),
        };
        let mark = mark.with("state", s(outcome.name()));
        let is_ours = expression("#holder = :holder").with("holder", s(&lease.holder));
        Ok(self.table.update(&lease.key, &mark, &is_ours).await?.0 == Conditional::Done)
    }
}

fn active_organization(item: &Item) -> Result<Option<Organization>, StoreError> {
    let organization: Organization = data(item)?;
    Ok((organization.status == OrganizationStatus::Active).then_some(organization))
}

fn active_user(item: &Item) -> Result<Option<Recipient>, StoreError> {
    let user: User = data(item)?;
    let auth_epoch = Sessions::of(item)?.auth_epoch;
    let email_change = EmailChange::pending(item)?.map(|change| change.event);
    Ok((user.status == UserStatus::Active).then_some(Recipient { user, auth_epoch, email_change }))
}
