//! The letters that people get. What a template shows of the table is escaped in the page, and a single line in the text.

mod stock;

use std::time::Duration;

use askama::Template;
use stockroom_domain::{
    organization::Organization,
    purchasing::{Act, PurchaseRequest, PurchaseRequestItem, PurchaseRequestStatus},
    text::{CloseReason, RejectionReason},
};

pub use stock::{LowStockLetter, WeeklyLetter};

use crate::{
    address::one_line,
    mail::Text,
    unlinked::{masked, unlinked},
};

/// What happened to a purchase request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestNews {
    /// It waits for a decision.
    Submitted,
    /// It may be ordered.
    Approved,
    /// It was declined.
    Rejected,
    /// Goods have arrived.
    Received,
    /// Nothing more is expected of it, or of some of its lines.
    Closed,
}

/// Tells of a purchase request.
#[derive(Debug)]
pub struct RequestLetter<'a> {
    /// Whose it is.
    pub organization: &'a Organization,
    /// The request as it is now.
    pub request: &'a PurchaseRequest,
    /// What happened to it.
    pub news: RequestNews,
}

/// A mail with a link, to somebody who may not know the product. Names are shown without links.
#[derive(Debug)]
pub struct LinkLetter<'a> {
    /// The organization of the account.
    pub organization: &'a Organization,
    /// The user's name.
    pub name: &'a str,
    /// The link itself.
    pub url: &'a str,
    /// How long it is good for.
    pub lifetime: Duration,
    /// Where the organization's users sign in.
    pub sign_in: &'a str,
}

/// A notice to the address that a user had, or still has.
#[derive(Debug)]
pub struct NoticeLetter<'a> {
    /// The organization of the account.
    pub organization: &'a Organization,
    /// The user's name.
    pub name: &'a str,
    /// The other address, if the recipient may know it.
    pub new: Option<&'a str>,
    /// Who did it.
    pub by: &'a str,
    /// Where the organization's users sign in.
    pub sign_in: &'a str,
}

#[derive(Template)]
#[template(path = "request.html")]
struct RequestPage<'a>(&'a RequestView<'a>);

#[derive(Template)]
#[template(path = "request.txt")]
struct RequestText<'a>(&'a RequestView<'a>);

struct RequestView<'a> {
    organization: &'a str,
    headline: &'a str,
    sentence: &'a str,
    number: String,
    created_by: &'a str,
    notes: Option<&'a str>,
    reason: Option<&'a str>,
    shows_received: bool,
    shows_closed: bool,
    items: &'a [PurchaseRequestItem],
}

impl RequestLetter<'_> {
    /// What the mail says.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn text(&self) -> Result<Text, askama::Error> {
        let Self { organization, request, news } = *self;
        let number = request.request_number.to_string();
        let milestones = request.milestones();
        let by = |act: Option<&Act>| act.map_or_else(String::new, |act| format!(" by {}", act.by.full_name));
        let shows_closed = request.items.iter().any(|item| item.cancelled_quantity.is_positive());
        let is_whole = request.status() == PurchaseRequestStatus::Received;
        let (headline, sentence) = match news {
            RequestNews::Submitted => (
                format!("{number} waits for a decision"),
                format!("{} asks to buy what is listed below.", request.created_by.full_name),
            ),
            RequestNews::Approved => (
                format!("{number} was approved"),
                format!("Your purchase request was approved{} and can be ordered.", by(milestones.approved)),
            ),
            RequestNews::Rejected => (
                format!("{number} was rejected"),
                format!("Your purchase request was rejected{}.", by(milestones.rejected)),
            ),
            RequestNews::Closed if is_whole => (
                format!("{number} was closed"),
                format!(
                    "Your purchase request was closed{}. Nothing more of it will arrive.",
                    by(milestones.closing.map(|closing| &closing.act))
                ),
            ),
            RequestNews::Closed => (
                format!("Part of {number} was closed"),
                format!(
                    "Lines of your purchase request were closed{}. The rest is still to come.",
                    by(milestones.closing.map(|closing| &closing.act))
                ),
            ),
            RequestNews::Received if is_whole && shows_closed => (
                format!("{number} has arrived"),
                "Your purchase request has arrived, except for what was closed.".to_owned(),
            ),
            RequestNews::Received if is_whole => {
                (format!("{number} has arrived"), "All of your purchase request has arrived.".to_owned())
            }
            RequestNews::Received => (
                format!("Part of {number} has arrived"),
                "Part of your purchase request has arrived; the rest is still to come.".to_owned(),
            ),
        };
        let reason = match news {
            RequestNews::Rejected => milestones.rejection_reason.map(RejectionReason::as_str),
            RequestNews::Closed => {
                milestones.closing.and_then(|closing| closing.reason.as_ref()).map(CloseReason::as_str)
            }
            RequestNews::Submitted | RequestNews::Approved | RequestNews::Received => None,
        };
        let view = RequestView {
            organization: organization.name.as_str(),
            headline: &headline,
            sentence: &sentence,
            number,
            created_by: request.created_by.full_name.as_str(),
            notes: request.notes.as_ref().map(stockroom_domain::text::Notes::as_str),
            reason,
            shows_received: matches!(news, RequestNews::Received | RequestNews::Closed),
            shows_closed,
            items: &request.items,
        };
        let subject = format!("{headline} - {}", organization.name);
        Ok(Text::new(&subject, (RequestPage(&view).render()?, RequestText(&view).render()?)))
    }
}

#[derive(Template)]
#[template(path = "link.html")]
struct LinkPage<'a>(&'a LinkView<'a>);

#[derive(Template)]
#[template(path = "link.txt")]
struct LinkText<'a>(&'a LinkView<'a>);

struct LinkView<'a> {
    organization: &'a str,
    headline: String,
    name: &'a str,
    sentence: &'a str,
    action: &'a str,
    url: &'a str,
    good_for: String,
    otherwise: &'a str,
    tenant: &'a str,
    sign_in: &'a str,
}

impl LinkLetter<'_> {
    /// Says that an account was made and is to get its first password.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn invitation(&self) -> Result<Text, askama::Error> {
        let headline = format!("You are invited to {}", self.organization.name);
        let sentence = "An account was made for you. Choose a password to sign in with.";
        self.render(&headline, sentence, "Choose a password", "If you expected no invitation, ignore this mail.")
    }

    /// Says how to replace a password that was forgotten.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn password_reset(&self) -> Result<Text, askama::Error> {
        let headline = format!("Set a new password for {}", self.organization.name);
        let sentence = "Somebody, probably you, asked for a link to set a new password.";
        let otherwise = "If it was not you, ignore this mail: your password stays as it is.";
        self.render(&headline, sentence, "Set a new password", otherwise)
    }

    /// Says how to confirm another address of one's own.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn email_change(&self) -> Result<Text, askama::Error> {
        let headline = format!("Confirm your new e-mail address for {}", self.organization.name);
        let sentence = "You asked to use this e-mail address for your account. Confirm it with the link. Until then you sign in \
                        with your present address.";
        let otherwise = "If it was not you, ignore this mail: nothing changes.";
        self.render(&headline, sentence, "Confirm this address", otherwise)
    }

    /// Says how to confirm the address that an organization was signed up with.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn welcome(&self) -> Result<Text, askama::Error> {
        let headline = format!("Welcome to Stockroom, {}", self.organization.name);
        let sentence = "You signed this organization up. Confirm your e-mail address with the link. Until then Stockroom sends no \
                        mail to anyone else in the organization; invitations are sent afterwards.";
        let otherwise = "If it was not you, ignore this mail.";
        self.render(&headline, sentence, "Confirm this address", otherwise)
    }

    fn render(&self, headline: &str, sentence: &str, action: &str, otherwise: &str) -> Result<Text, askama::Error> {
        let (organization, name) = (unlinked(self.organization.name.as_str()), unlinked(self.name));
        let view = LinkView {
            organization: &organization,
            headline: unlinked(headline),
            name: &name,
            sentence,
            action,
            url: self.url,
            good_for: period(self.lifetime),
            otherwise,
            tenant: self.organization.subdomain.as_str(),
            sign_in: self.sign_in,
        };
        Ok(Text::new(&view.headline, (LinkPage(&view).render()?, LinkText(&view).render()?)))
    }
}

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage<'a>(&'a NoticeView<'a>);

#[derive(Template)]
#[template(path = "notice.txt")]
struct NoticeText<'a>(&'a NoticeView<'a>);

struct NoticeView<'a> {
    organization: &'a str,
    headline: String,
    name: &'a str,
    sentence: String,
    otherwise: &'a str,
    tenant: &'a str,
    sign_in: &'a str,
}

impl NoticeLetter<'_> {
    /// Says that somebody asked for another address of the account.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn requested(&self) -> Result<Text, askama::Error> {
        let sentence = format!(
            "{} asked to change the e-mail address of this account{}. The change takes effect when the link that was \
             mailed to the new address is used.",
            unlinked(self.by),
            self.to(),
        );
        let otherwise = "If it was not you, somebody knows your password: change it now. That also stops the change of the \
                         address.";
        self.render("A change of your e-mail address was requested", sentence, otherwise)
    }

    /// Says that the account has another address.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn changed(&self) -> Result<Text, askama::Error> {
        let sentence = format!(
            "The e-mail address of this account was changed{} by {}. Links that were mailed to the old address no longer work.",
            self.to(),
            unlinked(self.by),
        );
        let otherwise = "If this is wrong, tell an admin of your organization at once: an admin can set the address back or \
                         disable the account.";
        self.render("Your e-mail address was changed", sentence, otherwise)
    }

    fn to(&self) -> String {
        self.new.map_or_else(String::new, |new| format!(" to {}", masked(new)))
    }

    fn render(&self, what: &str, sentence: String, otherwise: &str) -> Result<Text, askama::Error> {
        let (organization, name) = (unlinked(self.organization.name.as_str()), unlinked(self.name));
        let view = NoticeView {
            headline: format!("{what} - {organization}"),
            organization: &organization,
            name: &name,
            sentence,
            otherwise,
            tenant: self.organization.subdomain.as_str(),
            sign_in: self.sign_in,
        };
        Ok(Text::new(&view.headline, (NoticePage(&view).render()?, NoticeText(&view).render()?)))
    }
}

/// A length of time in its largest whole unit.
fn period(duration: Duration) -> String {
    const UNITS: [(u64, &str); 3] = [(24 * 60, "day"), (60, "hour"), (1, "minute")];
    let minutes = duration.as_secs() / 60;
    let unit = UNITS.into_iter().find(|(size, _)| minutes >= *size && minutes.is_multiple_of(*size));
    let (size, name) = unit.unwrap_or((1, "minute"));
    let number = minutes / size;
    format!("{number} {name}{}", if number == 1 { "" } else { "s" })
}

/// How many, with the word for one or for several.
fn plural(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

/// A text from the table where a line begins or ends something.
fn line(text: impl std::fmt::Display) -> String {
    one_line(&text.to_string())
}
