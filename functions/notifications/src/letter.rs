//! Which events are told to whom.

use serde_json::Value;
use stockroom_domain::{
    event::EventType,
    id::{EntityId, OrganizationId, PurchaseRequestId, UserId},
    limit::{Counting, Limit},
    log::{Action, Entity},
    organization::Organization,
    purchasing::PurchaseRequestStatus,
    text::Email,
    time::Timestamp,
    user::User,
};
use stockroom_notify::{Detail, Letter, LinkLetter, NoticeLetter, Quota, RequestLetter, RequestNews, Text};
use stockroom_runtime::{Link, Links, Purpose};
use stockroom_store::{Account, Bucket, MailOccasion, Reach, Recipient, Store};

use crate::NotifyError;

/// What is told by mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// Something happened to a purchase request.
    Request(RequestNews),
    /// Somebody needs a link.
    Link(Purpose),
    /// Somebody has another address.
    EmailChanged,
    /// Mail that was held back can be sent.
    Confirmed,
}

impl Occasion {
    /// The events that are told, and what as.
    const ALL: [(Entity, Action, Self); 11] = [
        (Entity::PurchaseRequest, Action::Submit, Self::Request(RequestNews::Submitted)),
        (Entity::PurchaseRequest, Action::Approve, Self::Request(RequestNews::Approved)),
        (Entity::PurchaseRequest, Action::Reject, Self::Request(RequestNews::Rejected)),
        (Entity::PurchaseRequest, Action::Receive, Self::Request(RequestNews::Received)),
        (Entity::PurchaseRequest, Action::Close, Self::Request(RequestNews::Closed)),
        (Entity::User, Action::Invite, Self::Link(Purpose::Invitation)),
        (Entity::User, Action::PasswordResetRequested, Self::Link(Purpose::PasswordReset)),
        (Entity::User, Action::EmailChangeRequested, Self::Link(Purpose::EmailChange)),
        (Entity::User, Action::Welcome, Self::Link(Purpose::Welcome)),
        (Entity::User, Action::EmailChanged, Self::EmailChanged),
        (Entity::Organization, Action::OrganizationConfirmed, Self::Confirmed),
    ];

    /// Each with its event.
    pub(crate) fn all() -> impl Iterator<Item = (EventType, Self)> {
        let all = Self::ALL.into_iter();
        all.filter_map(|(entity, action, told)| EventType::of(entity, action).map(|event| (event, told)))
    }

    /// `None` for what no mail is sent of.
    pub(crate) fn of(detail_type: &str) -> Option<Self> {
        Self::all().find(|(event, _)| event.to_string() == detail_type).map(|(_, told)| told)
    }
}

/// A letter, and what it is claimed under.
pub(crate) type Claimed = (MailOccasion, Letter);

/// What letters are made with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer<'a> {
    pub(crate) store: &'a Store,
    pub(crate) links: &'a Links,
    pub(crate) limits: MailLimits,
    pub(crate) now: Timestamp,
}

/// How many mails one mailbox gets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MailLimits {
    /// `LIMIT_MAILBOX`.
    pub(crate) mailbox: Option<Limit>,
    /// `LIMIT_LINK_MAILS`.
    pub(crate) link_mails: Option<Limit>,
}

/// The kinds of mail that are counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A link that sets another password: strangers ask for it too, so no other organization uses up its limit.
    PasswordReset,
    /// Any other link.
    OtherLink,
    /// A change of the recipient's address.
    Notice,
    /// A purchase request.
    News,
}

impl Writer<'_> {
    /// The letters of an event; none when there is nobody left to tell, or nothing.
    pub(crate) async fn letters(&self, occasion: Occasion, detail: &Detail) -> Result<Vec<Claimed>, NotifyError> {
        let event = MailOccasion::Event(detail.id);
        match occasion {
            Occasion::Request(news) => {
                let letters = self.of_request(news, detail).await?;
                Ok(letters.into_iter().map(|letter| (event, letter)).collect())
            }
            Occasion::Link(Purpose::EmailChange) => self.email_change(detail).await,
            Occasion::Link(Purpose::Welcome)
                if matches!(self.store.mailing(detail.organization_id).reach().await?, Reach::Everyone) =>
            {
                // Nothing is left to confirm.
                Ok(Vec::new())
            }
            Occasion::Link(purpose) => {
                let letter = self.with_link(purpose, detail).await?;
                Ok(letter.map(|letter| (event, letter)).into_iter().collect())
            }
            Occasion::EmailChanged => {
                let letter = self.email_changed(detail).await?;
                Ok(letter.map(|letter| (event, letter)).into_iter().collect())
            }
            Occasion::Confirmed => self.invitations(detail.organization_id).await,
        }
    }

    /// A link is sent to its own account as long as it can be used: the account is active and has had no other
    /// password or address since, and the link has not expired.
    async fn with_link(&self, purpose: Purpose, detail: &Detail) -> Result<Option<Letter>, NotifyError> {
        let found = self.account(purpose, detail).await?;
        let Some((organization, recipient, link)) = found else { return Ok(None) };
        self.link(&organization, recipient, &link, None).map(Some)
    }

    /// The account of a link, and the link, as long as it can be used.
    async fn account(
        &self,
        purpose: Purpose,
        detail: &Detail,
    ) -> Result<Option<(Organization, Recipient, Link)>, NotifyError> {
        let user: UserId = id_of(detail.entity_id)?;
        let auth_epoch = member(detail, "/after/auth_epoch").and_then(Value::as_u64);
        let auth_epoch = auth_epoch.ok_or_else(|| NotifyError::Unreadable("it tells of no password".to_owned()))?;
        let account = Account { organization: detail.organization_id, user, auth_epoch };
        let link = Link::new(purpose, account, detail.id, detail.occurred_at);
        let found = self.store.mailing(detail.organization_id).recipient(user).await?;
        let is_good = |recipient: &Recipient| recipient.auth_epoch == auth_epoch && link.expires_at > self.now;
        let found = found.filter(|(_, recipient)| is_good(recipient));
        Ok(found.map(|(organization, recipient)| (organization, recipient, link)))
    }

    /// The mail with a link, to the user's address or another.
    fn link(
        &self,
        organization: &Organization,
        recipient: Recipient,
        link: &Link,
        at: Option<Email>,
    ) -> Result<Letter, NotifyError> {
        let (url, sign_in) = (self.links.url(link), self.links.sign_in_address(&organization.subdomain));
        let name = recipient.user.full_name.as_str();
        let lifetime = link.purpose.lifetime();
        let letter = LinkLetter { organization, name, url: &url, lifetime, sign_in: &sign_in };
        let text = match link.purpose {
            Purpose::Invitation => letter.invitation(),
            Purpose::PasswordReset => letter.password_reset(),
            Purpose::EmailChange => letter.email_change(),
            Purpose::Welcome => letter.welcome(),
        };
        let (kind, confirms_address) = match link.purpose {
            Purpose::PasswordReset => (Kind::PasswordReset, false),
            Purpose::Invitation => (Kind::OtherLink, false),
            Purpose::EmailChange | Purpose::Welcome => (Kind::OtherLink, true),
        };
        let quota = self.quota(kind, organization.id, at.as_ref().unwrap_or(&recipient.user.email));
        Ok(Letter { text: text.map_err(unwritten)?, to: recipient.user, at, confirms_address, quota })
    }

    /// What a mail counts against. All organizations that nobody has confirmed share a mailbox: strangers can use it up
    /// for each other, but not for a confirmed organization.
    fn quota(&self, kind: Kind, organization: OrganizationId, to: &Email) -> Quota {
        let MailLimits { mailbox: of_mailbox, link_mails } = self.limits;
        let mailbox = self.links.mailbox(to);
        let bucket = |whom: String, limit: Option<Limit>| {
            limit.map(|limit| Bucket::new("mailbox", whom, limit, Counting::Exactly))
        };
        let confirmed = match kind {
            Kind::PasswordReset => bucket(format!("{organization}#{mailbox}"), of_mailbox),
            Kind::OtherLink => bucket(mailbox.clone(), of_mailbox),
            Kind::Notice => bucket(format!("notice#{organization}#{mailbox}"), link_mails),
            Kind::News => None,
        };
        let unconfirmed = match kind {
            Kind::PasswordReset | Kind::OtherLink => vec![
                bucket(format!("unconfirmed#{organization}"), link_mails),
                bucket(format!("unconfirmed#{mailbox}"), link_mails),
            ],
            Kind::Notice => vec![bucket(format!("unconfirmed-notice#{mailbox}"), link_mails)],
            Kind::News => vec![bucket(format!("unconfirmed-news#{mailbox}"), of_mailbox)],
        };
        Quota { confirmed: confirmed.into_iter().collect(), unconfirmed: unconfirmed.into_iter().flatten().collect() }
    }

    /// Somebody wants another address: a link goes there, and a notice to the present one.
    async fn email_change(&self, detail: &Detail) -> Result<Vec<Claimed>, NotifyError> {
        let (old, new) = (email(detail, "/before/email")?, email(detail, "/after/email")?);
        let Some((organization, recipient, link)) = self.account(Purpose::EmailChange, detail).await? else {
            return Ok(Vec::new());
        };
        if recipient.email_change != Some(detail.id) {
            return Ok(Vec::new());
        }
        let told = (&organization, &recipient.user, detail);
        let notice = self.notice(told, old, Some(&new), |letter| letter.requested().map_err(unwritten))?;
        let link = self.link(&organization, recipient, &link, Some(new))?;
        Ok(vec![(MailOccasion::Event(detail.id), link), (MailOccasion::Notice(detail.id), notice)])
    }

    /// A user has another address: a notice goes to the former one. If nobody accepted the invitation that went
    /// there, the notice does not name the new address: its reader may be a stranger.
    async fn email_changed(&self, detail: &Detail) -> Result<Option<Letter>, NotifyError> {
        let (old, new) = (email(detail, "/before/email")?, email(detail, "/after/email")?);
        let is_invited = member(detail, "/after/is_invited").and_then(Value::as_bool).unwrap_or_default();
        let user: UserId = id_of(detail.entity_id)?;
        let found = self.store.mailing(detail.organization_id).recipient(user).await?;
        let Some((organization, recipient)) = found else { return Ok(None) };
        let new = (!is_invited).then_some(&new);
        let told = (&organization, &recipient.user, detail);
        self.notice(told, old, new, |letter| letter.changed().map_err(unwritten)).map(Some)
    }

    fn notice(
        &self,
        (organization, user, detail): (&Organization, &User, &Detail),
        old: Email,
        new: Option<&Email>,
        render: impl Fn(&NoticeLetter<'_>) -> Result<Text, NotifyError>,
    ) -> Result<Letter, NotifyError> {
        let letter = NoticeLetter {
            organization,
            name: user.full_name.as_str(),
            new: new.map(Email::as_str),
            by: member(detail, "/actor/full_name").and_then(Value::as_str).unwrap_or("an admin"),
            sign_in: &self.links.sign_in_address(&organization.subdomain),
        };
        let text = render(&letter)?;
        let quota = self.quota(Kind::Notice, organization.id, &old);
        Ok(Letter { at: Some(old), quota, ..Letter::new(user.clone(), text) })
    }

    /// The invitations that were held back until an admin had confirmed the organization, each claimed as what it is:
    /// its own event may come at the same time.
    async fn invitations(&self, id: OrganizationId) -> Result<Vec<Claimed>, NotifyError> {
        let mailing = self.store.mailing(id);
        let Some(organization) = mailing.organization().await? else { return Ok(Vec::new()) };
        let mut letters = Vec::new();
        for (recipient, invitation) in mailing.invited().await? {
            let account = Account { organization: id, user: recipient.user.id, auth_epoch: recipient.auth_epoch };
            let link = Link::new(Purpose::Invitation, account, invitation.event, invitation.at);
            if link.expires_at > self.now {
                let letter = self.link(&organization, recipient, &link, None)?;
                letters.push((MailOccasion::Event(invitation.event), letter));
            }
        }
        Ok(letters)
    }

    /// A request that was submitted is told to who may approve it, all else to who made it.
    async fn of_request(&self, news: RequestNews, detail: &Detail) -> Result<Vec<Letter>, NotifyError> {
        let mailing = self.store.mailing(detail.organization_id);
        let id: PurchaseRequestId = id_of(detail.entity_id)?;
        let found = mailing.request(id).await?.filter(|(_, request)| is_so_still(news, request.status()));
        let Some((organization, request)) = found else { return Ok(Vec::new()) };
        let recipients = match news {
            RequestNews::Submitted => mailing.managers().await?,
            RequestNews::Approved | RequestNews::Rejected | RequestNews::Received | RequestNews::Closed => {
                mailing.recipient(request.created_by.id).await?.into_iter().map(|(_, recipient)| recipient).collect()
            }
        };
        let text = RequestLetter { organization: &organization, request: &request, news }.text().map_err(unwritten)?;
        let letter = |Recipient { user, .. }: Recipient| {
            let quota = self.quota(Kind::News, organization.id, &user.email);
            Letter { quota, ..Letter::new(user, text.clone()) }
        };
        Ok(recipients.into_iter().map(letter).collect())
    }
}

fn member<'a>(detail: &'a Detail, pointer: &str) -> Option<&'a Value> {
    detail.data.as_ref()?.pointer(pointer)
}

fn email(detail: &Detail, pointer: &str) -> Result<Email, NotifyError> {
    let text = member(detail, pointer).and_then(Value::as_str);
    // A stored address may be of a form that is no longer taken: it is read as it is.
    let email = text.and_then(|text| serde_json::from_value(Value::from(text)).ok());
    email.ok_or_else(|| NotifyError::Unreadable("it names no address".to_owned()))
}

/// Whether the news can be acted upon: an event may come late, and the request have moved on.
fn is_so_still(news: RequestNews, status: PurchaseRequestStatus) -> bool {
    match news {
        RequestNews::Submitted => status == PurchaseRequestStatus::Submitted,
        RequestNews::Approved => status != PurchaseRequestStatus::Cancelled,
        RequestNews::Rejected | RequestNews::Received | RequestNews::Closed => true,
    }
}

fn id_of<I: std::str::FromStr>(entity: EntityId) -> Result<I, NotifyError> {
    entity.to_string().parse().map_err(|_| NotifyError::Unreadable("its entity has no id".to_owned()))
}

fn unwritten(error: impl std::fmt::Display) -> NotifyError {
    NotifyError::Letter(error.to_string())
}
