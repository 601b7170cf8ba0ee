//! Which events are told to whom.

use stockroom_domain::{
    event::EventType,
    id::{EntityId, PurchaseRequestId, UserId},
    log::{Action, Entity},
    purchasing::RequestStatus,
    time::Timestamp,
};
use stockroom_notify::{Detail, Letter, LinkLetter, RequestLetter, RequestNews};
use stockroom_runtime::{Link, Links, Purpose};
use stockroom_store::{Account, Recipient, Store};

use crate::NotifyError;

/// What is told by mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// Something happened to a purchase request.
    Request(RequestNews),
    /// Somebody needs a link.
    Link(Purpose),
}

impl Occasion {
    /// The events that are told, and what as.
    const ALL: [(Entity, Action, Self); 6] = [
        (Entity::PurchaseRequest, Action::Submit, Self::Request(RequestNews::Submitted)),
        (Entity::PurchaseRequest, Action::Approve, Self::Request(RequestNews::Approved)),
        (Entity::PurchaseRequest, Action::Reject, Self::Request(RequestNews::Rejected)),
        (Entity::PurchaseRequest, Action::Receive, Self::Request(RequestNews::Received)),
        (Entity::User, Action::Invite, Self::Link(Purpose::Invitation)),
        (Entity::User, Action::PasswordResetRequested, Self::Link(Purpose::PasswordReset)),
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

/// The letters of an event; none when there is nobody left to tell, or nothing.
pub(crate) async fn letters(
    store: &Store,
    links: &Links,
    now: Timestamp,
    occasion: Occasion,
    detail: &Detail,
) -> Result<Vec<Letter>, NotifyError> {
    match occasion {
        Occasion::Request(news) => of_request(store, news, detail).await,
        Occasion::Link(purpose) => Ok(with_link(store, links, now, purpose, detail).await?.into_iter().collect()),
    }
}

/// A request that was submitted is told to who may approve it, all else to who made it.
async fn of_request(store: &Store, news: RequestNews, detail: &Detail) -> Result<Vec<Letter>, NotifyError> {
    let mailing = store.mailing(detail.organization_id);
    let id: PurchaseRequestId = id_of(detail.entity_id)?;
    let found = mailing.request(id).await?.filter(|(_, request)| is_so_still(news, request.status));
    let Some((organization, request)) = found else { return Ok(Vec::new()) };
    let recipients = match news {
        RequestNews::Submitted => mailing.managers().await?,
        RequestNews::Approved | RequestNews::Rejected | RequestNews::Received => {
            mailing.recipient(request.created_by.id).await?.into_iter().map(|(_, recipient)| recipient).collect()
        }
    };
    let text = RequestLetter { organization: &organization, request: &request, news }.text().map_err(unwritten)?;
    Ok(recipients.into_iter().map(|Recipient { user, .. }| Letter { to: user, text: text.clone() }).collect())
}

/// Whether the news can be acted upon: an event may come late, and the request have moved on.
fn is_so_still(news: RequestNews, status: RequestStatus) -> bool {
    match news {
        RequestNews::Submitted => status == RequestStatus::Submitted,
        RequestNews::Approved => status != RequestStatus::Cancelled,
        RequestNews::Rejected | RequestNews::Received => true,
    }
}

/// A link is sent to its own account as long as it can be used: the account is active and has had no other password since,
/// and the link has not expired.
async fn with_link(
    store: &Store,
    links: &Links,
    now: Timestamp,
    purpose: Purpose,
    detail: &Detail,
) -> Result<Option<Letter>, NotifyError> {
    let user: UserId = id_of(detail.entity_id)?;
    let auth_epoch = detail.data.as_ref().and_then(|data| data.pointer("/after/auth_epoch")?.as_u64());
    let auth_epoch = auth_epoch.ok_or_else(|| NotifyError::Unreadable("it tells of no password".to_owned()))?;
    let account = Account { organization: detail.organization_id, user, auth_epoch };
    let link = Link::new(purpose, account, detail.occurred_at);
    let found = store.mailing(detail.organization_id).recipient(user).await?;
    let Some((organization, recipient)) = found.filter(|(_, recipient)| recipient.auth_epoch == auth_epoch) else {
        return Ok(None);
    };
    if link.expires_at <= now {
        return Ok(None);
    }
    let name = recipient.user.full_name.as_str();
    let url = links.url(&link);
    let letter = LinkLetter { organization: &organization, name, url: &url, lifetime: purpose.lifetime() };
    let text = match purpose {
        Purpose::Invitation => letter.invitation(),
        Purpose::PasswordReset => letter.password_reset(),
    };
    Ok(Some(Letter { text: text.map_err(unwritten)?, to: recipient.user }))
}

fn id_of<I: std::str::FromStr>(entity: EntityId) -> Result<I, NotifyError> {
    entity.to_string().parse().map_err(|_| NotifyError::Unreadable("its entity has no id".to_owned()))
}

fn unwritten(error: impl std::fmt::Display) -> NotifyError {
    NotifyError::Letter(error.to_string())
}
