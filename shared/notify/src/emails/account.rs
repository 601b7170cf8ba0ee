//! Emails about an account: links and notices. Their readers may not know the organization, so names are shown without
//! anything that a mail program can link.

use std::time::Duration;

use askama::Template;
use stockroom_domain::organization::Organization;

use crate::{
    transport::Content,
    unlinked::{masked, unlinked},
};

/// An email with a link.
#[derive(Debug)]
pub struct LinkEmail<'a> {
    /// The organization of the account.
    pub organization: &'a Organization,
    /// The user's name.
    pub name: &'a str,
    /// The link itself.
    pub url: &'a str,
    /// The time from its request in which the link can be used.
    pub lifetime: Duration,
    /// The address where the organization's users sign in.
    pub sign_in: &'a str,
}

/// A notice to the present or former address of a user.
#[derive(Debug)]
pub struct NoticeEmail<'a> {
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
    headline: String,
    sentence: String,
    link: Option<LinkView<'a>>,
    advice: &'a str,
}

struct LinkView<'a> {
    action: &'a str,
    url: &'a str,
    lifetime: String,
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
    tenant: &'a str,
    sign_in: &'a str,
}

impl LinkEmail<'_> {
    /// An invitation to set the first password.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn invitation(&self) -> Result<Content, askama::Error> {
        self.render(
            format!("You are invited to {}", self.organization.name),
            "An admin of this organization created an account for you. Choose a password to sign in.",
            "Choose a password",
            "If you did not expect this invitation, ignore this mail.",
        )
    }

    /// A link to replace a forgotten password.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn password_reset(&self) -> Result<Content, askama::Error> {
        self.render(
            format!("Set a new password for {}", self.organization.name),
            "A link to set a new password was requested for your account. Use it to choose the new password.",
            "Set a new password",
            "If you did not request this, ignore this mail. Your password stays the same.",
        )
    }

    /// A link to confirm another own address.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn email_change(&self) -> Result<Content, askama::Error> {
        self.render(
            format!("Confirm your new e-mail address for {}", self.organization.name),
            "You asked to use this e-mail address for your account. Confirm it with the link. Until then you sign in \
             with your present address.",
            "Confirm this address",
            "If you did not ask for this, ignore this mail. Nothing changes.",
        )
    }

    /// A link to confirm the address of a sign-up.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn welcome(&self) -> Result<Content, askama::Error> {
        self.render(
            format!("Welcome to Stockroom, {}", self.organization.name),
            "This organization was signed up with your e-mail address. Confirm the address with the link. Until then \
             Stockroom sends no mail to anyone else in the organization; invitations are sent afterwards.",
            "Confirm this address",
            "If you did not sign up, ignore this mail.",
        )
    }

    fn render(&self, headline: String, sentence: &str, action: &str, advice: &str) -> Result<Content, askama::Error> {
        let link = Some(LinkView { action, url: self.url, lifetime: period(self.lifetime) });
        let message = Message { headline: unlinked(&headline), sentence: sentence.to_owned(), link, advice };
        render(self.organization, self.name, self.sign_in, message)
    }
}

impl NoticeEmail<'_> {
    /// Another address of the account was requested.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn requested(&self) -> Result<Content, askama::Error> {
        let sentence = format!(
            "{} asked to change the e-mail address of this account{}. The change takes effect when the link that was \
             mailed to the new address is used.",
            unlinked(self.by),
            self.to(),
        );
        let advice = "If it was not you, someone knows your password. Change it now. That also cancels the change of \
                      the address.";
        self.render("A change of your e-mail address was requested", sentence, advice)
    }

    /// The account has another address.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn changed(&self) -> Result<Content, askama::Error> {
        let sentence = format!(
            "The e-mail address of this account was changed{} by {}. Links that were mailed to the old address no \
             longer work.",
            self.to(),
            unlinked(self.by),
        );
        let advice = "If this is wrong, contact an admin of your organization at once. An admin can set the address \
                      back or disable the account.";
        self.render("Your e-mail address was changed", sentence, advice)
    }

    fn to(&self) -> String {
        self.new.map_or_else(String::new, |new| format!(" to {}", masked(new)))
    }

    fn render(&self, what: &str, sentence: String, advice: &str) -> Result<Content, askama::Error> {
        let headline = format!("{what} - {}", unlinked(self.organization.name.as_str()));
        let message = Message { headline, sentence, link: None, advice };
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
        organization: unlinked(organization.name.as_str()),
        name: unlinked(name),
        message,
        tenant: organization.subdomain.as_str(),
        sign_in,
    };
    Ok(Content::new(&view.message.headline, (AccountHtml(&view).render()?, AccountPlain(&view).render()?)))
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
