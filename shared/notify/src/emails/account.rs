//! Emails about an account: links and notices. Their readers may not know the organization, so names are shown without
//! anything that a mail program can link.

use std::time::Duration;

use askama::Template;
use stockroom_domain::organization::Organization;
use stockroom_runtime::Purpose;

use super::{ContentKind, Fact};
use crate::{quoted::named, transport::Content, unlinked::masked};

/// An email with a link.
#[derive(Debug)]
pub struct LinkEmail<'a> {
    /// The organization of the account.
    pub organization: &'a Organization,
    /// The purpose of the link, which determines how long it can be used.
    pub purpose: Purpose,
    /// The user's name.
    pub name: &'a str,
    /// The link itself.
    pub url: &'a str,
    /// The address where the organization's users sign in.
    pub sign_in: &'a str,
}

/// The change of an address that a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressNews {
    /// Another address of the account was requested.
    Requested,
    /// The account has another address.
    Changed,
}

/// A notice to the present or former address of a user.
#[derive(Debug)]
pub struct NoticeEmail<'a> {
    /// The change.
    pub news: AddressNews,
    /// The organization of the account.
    pub organization: &'a Organization,
    /// The user's name.
    pub name: &'a str,
    /// The other address, unless the recipient may be a stranger to it.
    pub new: Option<&'a str>,
    /// The name of the user who made the change.
    pub by: &'a str,
    /// The address where the organization's users sign in.
    pub sign_in: &'a str,
}

/// The parts of an email that differ by its kind.
struct Message<'a> {
    kind: ContentKind,
    headline: &'a str,
    subject: &'a str,
    sentence: String,
    link: Option<LinkView<'a>>,
    advice: &'a str,
    /// The first steps in a new organization.
    steps: &'a [&'a str],
}

struct LinkView<'a> {
    action: &'a str,
    url: &'a str,
    lifetime: String,
    /// Whether a second use is refused.
    works_once: bool,
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountHtml<'a>(&'a AccountView<'a>);

#[derive(Template)]
#[template(path = "account.txt")]
struct AccountPlain<'a>(&'a AccountView<'a>);

struct AccountView<'a> {
    organization: String,
    name: String,
    message: Message<'a>,
    sign_in: &'a str,
    facts: [Fact; 1],
}

const NEXT_STEPS: [&str; 4] = [
    "Confirm your e-mail address with the link above.",
    "Sign in at the address below with the tenant below, your e-mail address and your password.",
    "Invite the users of your organization. They get a mail with a link to choose a password.",
    "Add warehouses and products, then record your present stock.",
];

impl LinkEmail<'_> {
    /// The content of the email.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn content(&self) -> Result<Content, askama::Error> {
        let organization = named(self.organization.name.as_str());
        let (headline, sentence, action, advice) = match self.purpose {
            Purpose::Invitation => (
                format!("You are invited to {organization}"),
                "An admin of this organization created an account for you. Choose a password to sign in.",
                "Choose a password",
                "If you did not expect this invitation, ignore this mail.",
            ),
            Purpose::PasswordReset => (
                format!("Set a new password for {organization}"),
                "A link to set a new password was requested for your account. Use it to choose the new password.",
                "Set a new password",
                "If you did not request this, ignore this mail. Your password stays the same.",
            ),
            Purpose::EmailChange => (
                format!("Confirm your new e-mail address for {organization}"),
                "You asked to use this e-mail address for your account. Confirm it with the link. Until then you \
                 sign in with your present address.",
                "Confirm this address",
                "If you did not ask for this, ignore this mail. Nothing changes.",
            ),
            Purpose::Welcome => (
                format!("Welcome to Stockroom, {organization}"),
                "This organization was signed up with your e-mail address. Confirm the address with the link. Until \
                 then Stockroom sends no mail to other users of the organization. It sends invitations afterwards.",
                "Confirm this address",
                "If you did not sign up, ignore this mail.",
            ),
        };
        let (kind, steps): (_, &[&str]) = match self.purpose {
            Purpose::Invitation => (ContentKind::Invitation, &[]),
            Purpose::PasswordReset => (ContentKind::PasswordReset, &[]),
            Purpose::EmailChange => (ContentKind::EmailChange, &[]),
            Purpose::Welcome => (ContentKind::Welcome, &NEXT_STEPS),
        };
        let (headline, subject) = (headline.as_str(), headline.as_str());
        let link = Some(LinkView {
            action,
            url: self.url,
            lifetime: period(self.purpose.lifetime()),
            works_once: self.purpose.sets_password(),
        });
        let message = Message { kind, headline, subject, sentence: sentence.to_owned(), link, advice, steps };
        render(self.organization, self.name, self.sign_in, message)
    }
}

impl NoticeEmail<'_> {
    /// The content of the email.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn content(&self) -> Result<Content, askama::Error> {
        let to = self.new.map_or_else(String::new, |new| format!(" to {}", masked(new)));
        let by = named(self.by);
        let (kind, headline, sentence, advice) = match self.news {
            AddressNews::Requested => (
                ContentKind::EmailChangeNotice,
                "A change of your e-mail address was requested",
                format!(
                    "A change of the e-mail address of this account{to} was requested by {by}. It takes effect \
                     when the new address is confirmed by the link in its mail.",
                ),
                "If this was not you, someone knows your password. Change it now. That also cancels the change of the \
                 address.",
            ),
            AddressNews::Changed => (
                ContentKind::EmailChangedNotice,
                "Your e-mail address was changed",
                format!(
                    "The e-mail address of this account was changed{to} by {by}. Links in mails to the old \
                     address no longer work.",
                ),
                "If this is wrong, contact an admin of your organization at once. An admin can set the address back \
                 or disable the account.",
            ),
        };
        let subject = &format!("{headline} - {}", named(self.organization.name.as_str()));
        let message = Message { kind, headline, subject, sentence, link: None, advice, steps: &[] };
        render(self.organization, self.name, self.sign_in, message)
    }
}

fn render(
    organization: &Organization,
    name: &str,
    sign_in: &str,
    message: Message<'_>,
) -> Result<Content, askama::Error> {
    let view = AccountView {
        organization: named(organization.name.as_str()),
        name: named(name),
        message,
        sign_in,
        facts: [Fact::new("Tenant (the short name of your organization)", organization.subdomain.to_string())],
    };
    Ok(Content::new(
        view.message.kind,
        view.message.subject,
        (AccountHtml(&view).render()?, AccountPlain(&view).render()?),
    ))
}

/// A duration in its largest whole unit.
fn period(duration: Duration) -> String {
    const UNITS: [(u64, &str); 3] = [(24 * 60, "day"), (60, "hour"), (1, "minute")];
    let minutes = duration.as_secs() / 60;
    let unit = UNITS.into_iter().find(|(size, _)| minutes >= *size && minutes.is_multiple_of(*size));
    let (size, name) = unit.unwrap_or((1, "minute"));
    let number = minutes / size;
    format!("{number} {name}{}", if number == 1 { "" } else { "s" })
}
