//! The emails of each event and their recipients.

use serde_json::Value;
use stockroom_domain::{
    event::EventType,
    id::{EntityId, OrganizationId, PurchaseRequestId, UserId},
    limit::{Counting, Limit},
    log::{Action, Entity},
    organization::Organization,
    purchasing::PurchaseRequestStatus,
    text::Email as EmailAddress,
    time::Timestamp,
    user::User,
};
use stockroom_notify::{
    AddressNews, Detail, Email, LinkEmail, NoticeEmail, PurchaseRequestEmail, PurchaseRequestNews, Quota,
};
use stockroom_runtime::{Link, Links, Purpose};
use stockroom_store::{Account, Bucket, MailOccasion, Reach, Recipient, Store};

use crate::NotifyError;

/// The kinds of events that lead to an email.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EmailKind {
    /// News about a purchase request.
    PurchaseRequest(PurchaseRequestNews),
    /// A user needs a link.
    Link(Purpose),
    /// A user has another address.
    AddressChanged,
    /// The organization is confirmed, so its earlier invitations can be sent.
    OrganizationConfirmed,
}

impl EmailKind {
    /// The log entries whose events lead to an email.
    const ALL: [(Entity, Action, Self); 11] = [
        (Entity::PurchaseRequest, Action::Submit, Self::PurchaseRequest(PurchaseRequestNews::Submitted)),
        (Entity::PurchaseRequest, Action::Approve, Self::PurchaseRequest(PurchaseRequestNews::Approved)),
        (Entity::PurchaseRequest, Action::Reject, Self::PurchaseRequest(PurchaseRequestNews::Rejected)),
        (Entity::PurchaseRequest, Action::Receive, Self::PurchaseRequest(PurchaseRequestNews::Received)),
        (Entity::PurchaseRequest, Action::Close, Self::PurchaseRequest(PurchaseRequestNews::Closed)),
        (Entity::User, Action::Invite, Self::Link(Purpose::Invitation)),
        (Entity::User, Action::PasswordResetRequested, Self::Link(Purpose::PasswordReset)),
        (Entity::User, Action::EmailChangeRequested, Self::Link(Purpose::EmailChange)),
        (Entity::User, Action::Welcome, Self::Link(Purpose::Welcome)),
        (Entity::User, Action::EmailChanged, Self::AddressChanged),
        (Entity::Organization, Action::OrganizationConfirmed, Self::OrganizationConfirmed),
    ];

    /// Each kind with its event.
    pub(crate) fn all() -> impl Iterator<Item = (EventType, Self)> {
        let all = Self::ALL.into_iter();
        all.filter_map(|(entity, action, kind)| EventType::of(entity, action).map(|event| (event, kind)))
    }

    /// `None` for an event without an email.
    pub(crate) fn of(detail_type: &str) -> Option<Self> {
        Self::all().find(|(event, _)| event.to_string() == detail_type).map(|(_, kind)| kind)
    }
}

/// An email with the occasion that it is claimed for.
pub(crate) type Claimed = (MailOccasion, Email);

/// Builds the emails of events.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EmailBuilder<'a> {
    pub(crate) store: &'a Store,
    pub(crate) links: &'a Links,
    pub(crate) limits: MailLimits,
    pub(crate) now: Timestamp,
}

/// The limits on emails to one mailbox.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MailLimits {
    /// `LIMIT_MAILBOX`.
    pub(crate) mailbox: Option<Limit>,
    /// `LIMIT_LINK_MAILS`.
    pub(crate) link_mails: Option<Limit>,
}

/// The kinds of emails that are counted separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum QuotaKind {
    /// A link that sets another password. No other organization can use up its limit.
    PasswordReset,
    /// Any other link.
    OtherLink,
    /// A notice about the recipient's address.
    Notice,
    /// News about a purchase request.
    News,
}

impl EmailBuilder<'_> {
    /// The emails of an event; none when it has no recipient left, or its content no longer holds.
    pub(crate) async fn emails(&self, kind: EmailKind, detail: &Detail) -> Result<Vec<Claimed>, NotifyError> {
        let event = MailOccasion::Event(detail.id);
        match kind {
            EmailKind::PurchaseRequest(news) => {
                let emails = self.purchase_request(news, detail).await?;
                Ok(emails.into_iter().map(|email| (event, email)).collect())
            }
            EmailKind::Link(Purpose::EmailChange) => self.email_change(detail).await,
            EmailKind::Link(Purpose::Welcome)
                if matches!(self.store.mailing(detail.organization_id).reach().await?, Reach::Everyone) =>
            {
                // Nothing is left to confirm.
                Ok(Vec::new())
            }
            EmailKind::Link(purpose) => {
                let email = self.with_link(purpose, detail).await?;
                Ok(email.map(|email| (event, email)).into_iter().collect())
            }
            EmailKind::AddressChanged => {
                let email = self.address_changed(detail).await?;
                Ok(email.map(|email| (event, email)).into_iter().collect())
            }
            EmailKind::OrganizationConfirmed => self.invitations(detail.organization_id).await,
        }
    }

    /// The email with a link, while the link can be used: the account is active, its password and address have not
    /// changed since the request, and the link has not expired.
    async fn with_link(&self, purpose: Purpose, detail: &Detail) -> Result<Option<Email>, NotifyError> {
        let found = self.account(purpose, detail).await?;
        let Some((organization, recipient, link)) = found else { return Ok(None) };
        self.link(&organization, recipient, &link, None).map(Some)
    }

    /// The account of a link, and the link, while it can be used.
    async fn account(
        &self,
        purpose: Purpose,
        detail: &Detail,
    ) -> Result<Option<(Organization, Recipient, Link)>, NotifyError> {
        let user: UserId = id_of(detail.entity_id)?;
        let auth_epoch = member(detail, "/after/auth_epoch").and_then(Value::as_u64);
        let auth_epoch = auth_epoch.ok_or_else(|| NotifyError::Unreadable("it has no auth_epoch".to_owned()))?;
        let account = Account { organization: detail.organization_id, user, auth_epoch };
        let link = Link::new(purpose, account, detail.id, detail.occurred_at);
        let found = self.store.mailing(detail.organization_id).recipient(user).await?;
        let is_good = |recipient: &Recipient| recipient.auth_epoch == auth_epoch && link.expires_at > self.now;
        let found = found.filter(|(_, recipient)| is_good(recipient));
        Ok(found.map(|(organization, recipient)| (organization, recipient, link)))
    }

    /// The email with a link, to the user's address or another one.
    fn link(
        &self,
        organization: &Organization,
        recipient: Recipient,
        link: &Link,
        address: Option<EmailAddress>,
    ) -> Result<Email, NotifyError> {
        let (url, sign_in) = (self.links.url(link), self.links.sign_in_address(&organization.subdomain));
        let name = recipient.user.full_name.as_str();
        let email = LinkEmail { organization, purpose: link.purpose, name, url: &url, sign_in: &sign_in };
        let content = email.content();
        let (kind, confirms_address) = match link.purpose {
            Purpose::PasswordReset => (QuotaKind::PasswordReset, false),
            Purpose::Invitation => (QuotaKind::OtherLink, false),
            Purpose::EmailChange | Purpose::Welcome => (QuotaKind::OtherLink, true),
        };
        let quota = self.quota(kind, organization.id, address.as_ref().unwrap_or(&recipient.user.email));
        let content = content.map_err(not_rendered)?;
        Ok(Email { content, to: recipient.user, address, confirms_address, quota })
    }

    /// The limits that an email counts against. All unconfirmed organizations share the limit of a mailbox: strangers
    /// can use it up for each other, but not for a confirmed organization.
    fn quota(&self, kind: QuotaKind, organization: OrganizationId, to: &EmailAddress) -> Quota {
        let MailLimits { mailbox: of_mailbox, link_mails } = self.limits;
        let mailbox = self.links.mailbox(to);
        let bucket = |subject: String, limit: Option<Limit>| {
            limit.map(|limit| Bucket::new("mailbox", subject, limit, Counting::Exactly))
        };
        let confirmed = match kind {
            QuotaKind::PasswordReset => bucket(format!("{organization}#{mailbox}"), of_mailbox),
            QuotaKind::OtherLink => bucket(mailbox.clone(), of_mailbox),
            QuotaKind::Notice => bucket(format!("notice#{organization}#{mailbox}"), link_mails),
            QuotaKind::News => None,
        };
        let unconfirmed = match kind {
            QuotaKind::PasswordReset | QuotaKind::OtherLink => Some(vec![
                bucket(format!("unconfirmed#{organization}"), link_mails),
                bucket(format!("unconfirmed#{mailbox}"), link_mails),
            ]),
            QuotaKind::Notice => Some(vec![bucket(format!("unconfirmed-notice#{mailbox}"), link_mails)]),
            // News contain notes of users, so a stranger could send them anything.
            QuotaKind::News => None,
        };
        let unconfirmed = unconfirmed.map(|buckets| buckets.into_iter().flatten().collect());
        Quota { confirmed: confirmed.into_iter().collect(), unconfirmed }
    }

    /// A user requested another address: a link goes to it, and a notice to the present one.
    async fn email_change(&self, detail: &Detail) -> Result<Vec<Claimed>, NotifyError> {
        let (old, new) = (address(detail, "/before/email")?, address(detail, "/after/email")?);
        let Some((organization, recipient, link)) = self.account(Purpose::EmailChange, detail).await? else {
            return Ok(Vec::new());
        };
        if recipient.email_change != Some(detail.id) {
            return Ok(Vec::new());
        }
        let about = (&organization, &recipient.user, detail);
        let notice = self.notice(about, AddressNews::Requested, old, Some(&new))?;
        let link = self.link(&organization, recipient, &link, Some(new))?;
        Ok(vec![(MailOccasion::Event(detail.id), link), (MailOccasion::Notice(detail.id), notice)])
    }

    /// A user has another address: a notice goes to the former one. If the invitation to it was never accepted, the
    /// notice does not name the new address: its reader may be a stranger.
    async fn address_changed(&self, detail: &Detail) -> Result<Option<Email>, NotifyError> {
        let (old, new) = (address(detail, "/before/email")?, address(detail, "/after/email")?);
        let is_invited = member(detail, "/after/is_invited").and_then(Value::as_bool).unwrap_or_default();
        let user: UserId = id_of(detail.entity_id)?;
        let found = self.store.mailing(detail.organization_id).recipient(user).await?;
        let Some((organization, recipient)) = found else { return Ok(None) };
        let new = (!is_invited).then_some(&new);
        let about = (&organization, &recipient.user, detail);
        self.notice(about, AddressNews::Changed, old, new).map(Some)
    }

    fn notice(
        &self,
        (organization, user, detail): (&Organization, &User, &Detail),
        news: AddressNews,
        old: EmailAddress,
        new: Option<&EmailAddress>,
    ) -> Result<Email, NotifyError> {
        let email = NoticeEmail {
            news,
            organization,
            name: user.full_name.as_str(),
            new: new.map(EmailAddress::as_str),
            by: member(detail, "/actor/full_name").and_then(Value::as_str).unwrap_or("an admin"),
            sign_in: &self.links.sign_in_address(&organization.subdomain),
        };
        let content = email.content().map_err(not_rendered)?;
        let quota = self.quota(QuotaKind::Notice, organization.id, &old);
        Ok(Email { address: Some(old), quota, ..Email::new(user.clone(), content) })
    }

    /// The invitations that were dropped before an admin confirmed the organization. Each is claimed for its own event,
    /// which may arrive at the same time.
    async fn invitations(&self, id: OrganizationId) -> Result<Vec<Claimed>, NotifyError> {
        let mailing = self.store.mailing(id);
        let Some(organization) = mailing.organization().await? else { return Ok(Vec::new()) };
        let mut emails = Vec::new();
        for (recipient, invitation) in mailing.invited().await? {
            let account = Account { organization: id, user: recipient.user.id, auth_epoch: recipient.auth_epoch };
            let link = Link::new(Purpose::Invitation, account, invitation.event, invitation.at);
            if link.expires_at > self.now {
                let email = self.link(&organization, recipient, &link, None)?;
                emails.push((MailOccasion::Event(invitation.event), email));
            }
        }
        Ok(emails)
    }

    /// A submitted request is mailed to the users who can approve it, any other news to its creator.
    async fn purchase_request(&self, news: PurchaseRequestNews, detail: &Detail) -> Result<Vec<Email>, NotifyError> {
        let mailing = self.store.mailing(detail.organization_id);
        let id: PurchaseRequestId = id_of(detail.entity_id)?;
        let found = mailing.request(id).await?.filter(|(_, request)| still_holds(news, request.status()));
        let Some((organization, request)) = found else { return Ok(Vec::new()) };
        let recipients = match news {
            PurchaseRequestNews::Submitted => mailing.managers().await?,
            PurchaseRequestNews::Approved
            | PurchaseRequestNews::Rejected
            | PurchaseRequestNews::Received
            | PurchaseRequestNews::Closed => {
                mailing.recipient(request.created_by.id).await?.into_iter().map(|(_, recipient)| recipient).collect()
            }
        };
        let url = &self.links.purchase_request(&organization.subdomain, request.id);
        let content = PurchaseRequestEmail { organization: &organization, request: &request, news, url }.content();
        let content = content.map_err(not_rendered)?;
        let email = |Recipient { user, .. }: Recipient| {
            let quota = self.quota(QuotaKind::News, organization.id, &user.email);
            Email { quota, ..Email::new(user, content.clone()) }
        };
        Ok(recipients.into_iter().map(email).collect())
    }
}

fn member<'a>(detail: &'a Detail, pointer: &str) -> Option<&'a Value> {
    detail.data.as_ref()?.pointer(pointer)
}

fn address(detail: &Detail, pointer: &str) -> Result<EmailAddress, NotifyError> {
    let text = member(detail, pointer).and_then(Value::as_str);
    // A stored address may have a form that is no longer accepted; it is read unchanged.
    let address = text.and_then(|text| serde_json::from_value(Value::from(text)).ok());
    address.ok_or_else(|| NotifyError::Unreadable("it has no address".to_owned()))
}

/// Whether the news still holds: an event may arrive late, after further transitions.
fn still_holds(news: PurchaseRequestNews, status: PurchaseRequestStatus) -> bool {
    match news {
        PurchaseRequestNews::Submitted => status == PurchaseRequestStatus::Submitted,
        PurchaseRequestNews::Approved => status != PurchaseRequestStatus::Cancelled,
        PurchaseRequestNews::Rejected | PurchaseRequestNews::Received | PurchaseRequestNews::Closed => true,
    }
}

fn id_of<I: std::str::FromStr>(entity: EntityId) -> Result<I, NotifyError> {
    entity.to_string().parse().map_err(|_| NotifyError::Unreadable("its entity has no id".to_owned()))
}

fn not_rendered(error: impl std::fmt::Display) -> NotifyError {
    NotifyError::Template(error.to_string())
}
