//! The letters that people get. What a template shows of the table is escaped in the page, and a single line in the text.

mod stock;

use std::time::Duration;

use askama::Template;
use stockroom_domain::{
    organization::Organization,
    purchasing::{PurchaseRequest, RequestItem, RequestStatus},
};

pub use stock::{LowStockLetter, WeeklyLetter};

use crate::{address::one_line, mail::Text};

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

/// A link by which somebody sets a password.
#[derive(Debug)]
pub struct LinkLetter<'a> {
    /// Whose account it is for.
    pub organization: &'a Organization,
    /// What the recipient is called.
    pub name: &'a str,
    /// The link itself.
    pub url: &'a str,
    /// How long it is good for.
    pub lifetime: Duration,
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
    items: &'a [RequestItem],
}

impl RequestLetter<'_> {
    /// What the mail says.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn text(&self) -> Result<Text, askama::Error> {
        let Self { organization, request, news } = *self;
        let number = request.request_number.to_string();
        let by = |person: Option<&stockroom_domain::user::Person>| {
            person.map_or_else(String::new, |person| format!(" by {}", person.full_name))
        };
        let is_whole = request.status == RequestStatus::Received;
        let (headline, sentence) = match news {
            RequestNews::Submitted => (
                format!("{number} waits for a decision"),
                format!("{} asks to buy what is listed below.", request.created_by.full_name),
            ),
            RequestNews::Approved => (
                format!("{number} was approved"),
                format!("Your purchase request was approved{} and can be ordered.", by(request.approved_by.as_ref())),
            ),
            RequestNews::Rejected => (
                format!("{number} was rejected"),
                format!("Your purchase request was rejected{}.", by(request.rejected_by.as_ref())),
            ),
            RequestNews::Received if is_whole => {
                (format!("{number} has arrived"), "All of your purchase request has arrived.".to_owned())
            }
            RequestNews::Received => (
                format!("Part of {number} has arrived"),
                "Part of your purchase request has arrived; the rest is still to come.".to_owned(),
            ),
        };
        let rejected = (news == RequestNews::Rejected).then_some(request.rejection_reason.as_ref()).flatten();
        let view = RequestView {
            organization: organization.name.as_str(),
            headline: &headline,
            sentence: &sentence,
            number,
            created_by: request.created_by.full_name.as_str(),
            notes: request.notes.as_ref().map(stockroom_domain::text::Notes::as_str),
            reason: rejected.map(stockroom_domain::text::RejectionReason::as_str),
            shows_received: news == RequestNews::Received,
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
}

impl LinkLetter<'_> {
    /// Says that somebody was added and is to set a first password.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn invitation(&self) -> Result<Text, askama::Error> {
        let headline = format!("You are invited to {}", self.organization.name);
        let sentence = "An account was made for you. Choose a password to sign in with.";
        self.render(headline, sentence, "Choose a password", "If you expected no invitation, ignore this mail.")
    }

    /// Says how to replace a password that was forgotten.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn password_reset(&self) -> Result<Text, askama::Error> {
        let headline = format!("Set a new password for {}", self.organization.name);
        let sentence = "Somebody, probably you, asked for a link to set a new password.";
        let otherwise = "If it was not you, ignore this mail: your password stays as it is.";
        self.render(headline, sentence, "Set a new password", otherwise)
    }

    fn render(&self, headline: String, sentence: &str, action: &str, otherwise: &str) -> Result<Text, askama::Error> {
        let (organization, url) = (self.organization.name.as_str(), self.url);
        let good_for = period(self.lifetime);
        let view = LinkView { organization, headline, name: self.name, sentence, action, url, good_for, otherwise };
        Ok(Text::new(&view.headline, (LinkPage(&view).render()?, LinkText(&view).render()?)))
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
