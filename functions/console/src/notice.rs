//! Messages of the pages. The query of a page names a message by its code, never by its text. A forged link therefore
//! cannot put its own text on a page.

use crate::page::PageRequest;

/// The maximum number of seconds that a message names. A larger number does not come from the product.
const MAX_WAIT: u32 = 24 * 60 * 60;

/// A message on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) is_error: bool,
    /// Whether the form cannot succeed any more.
    pub(crate) is_final: bool,
}

impl Notice {
    fn done(text: &str) -> Self {
        Self { text: text.to_owned(), is_error: false, is_final: false }
    }

    fn error(text: &str) -> Self {
        Self { text: text.to_owned(), is_error: true, is_final: false }
    }

    /// The message that a request asks for.
    pub(crate) fn of(request: &PageRequest) -> Option<Self> {
        let problem = request.parameter("error").map(|code| Self::problem(code, request.parameter("wait")));
        problem.or_else(|| request.parameter("notice").and_then(Self::success))
    }

    /// The message of a page for a mailed link, and the token of the link unless it cannot work.
    pub(crate) fn of_link(request: &PageRequest) -> (Option<Self>, Option<&str>) {
        let notice = Self::of(request);
        let is_void = notice.as_ref().is_some_and(|notice| notice.is_final);
        (notice, request.token().filter(|_| !is_void))
    }

    fn success(code: &str) -> Option<Self> {
        Some(Self::done(match code {
            "password_set" => "Your password is set. All earlier sessions have ended. You can sign in now.",
            "address_confirmed" => "Your e-mail address is confirmed.",
            "link_requested" => {
                "If this account exists, a mail with a link is on its way. The link works once, for 30 minutes. If no \
                 mail arrives, look in the spam folder, and check the address and the organization."
            }
            _ => return None,
        }))
    }

    fn problem(code: &str, wait: Option<&str>) -> Self {
        Self::error(match code {
            "too_short" => "The password is too short. Use at least 12 characters.",
            "too_long" => "The password is too long. Use at most 128 characters.",
            "common_password" => {
                "This password is easy to guess: it is a common one, your e-mail address, or the name of your \
                 organization. Choose another one."
            }
            "invalid_character" => "A field has a character that is not allowed. Type the text again.",
            "does_not_match" => "The two passwords differ. Type the same password twice.",
            "required" => "A field is empty. Fill in every field.",
            "invalid_format" => "This is not an e-mail address. Check it and try again.",
            "tenant_required" | "tenant_conflict" => {
                "Enter the short name of your organization, such as northwind. Every mail about your account has it."
            }
            "invalid_token" => {
                let text = "This link no longer works. It was used already, has expired, or the account has changed \
                            since.";
                return Self { is_final: true, ..Self::error(text) };
            }
            "duplicate_email" => {
                let text = "Another user of your organization has this e-mail address now, so it cannot become yours.";
                return Self { is_final: true, ..Self::error(text) };
            }
            "rate_limited" => {
                let seconds = wait.and_then(|wait| wait.parse().ok()).filter(|seconds| *seconds <= MAX_WAIT);
                let wait = seconds.map_or_else(|| "a while".to_owned(), period);
                return Self::error(&format!("There were too many attempts. Wait {wait}, then try again."));
            }
            "unavailable" => "The service is busy. Nothing was changed. Try again in a moment.",
            _ => "Something went wrong. Try again. If it happens again, contact the operator of this service.",
        })
    }
}

/// A number of seconds in words, rounded up.
fn period(seconds: u32) -> String {
    match (seconds, seconds.div_ceil(60)) {
        (0..=1, _) => "a second".to_owned(),
        (2..=90, _) => format!("{seconds} seconds"),
        (_, minutes) => format!("{minutes} minutes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn period_of_seconds_rounds_up() {
        let periods = [0, 1, 59, 90, 91, 3_600].map(period);
        assert_eq!(periods, ["a second", "a second", "59 seconds", "90 seconds", "2 minutes", "60 minutes"]);
    }
}
