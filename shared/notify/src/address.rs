//! People as the headers of a mail name them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use stockroom_domain::text::{Email, FullName};

/// The most bytes in one encoded word, so that it stays within the 75 characters of RFC 2047, 2.
const WORD: usize = 45;

/// A name and an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    name: String,
    email: Email,
}

impl Address {
    /// Somebody.
    #[must_use]
    pub fn new(name: &FullName, email: &Email) -> Self {
        Self::named(name.as_str(), email)
    }

    /// A name of anything.
    #[must_use]
    pub fn named(name: &str, email: &Email) -> Self {
        Self { name: one_line(name), email: email.clone() }
    }

    /// The address alone.
    #[must_use]
    pub fn email(&self) -> &Email {
        &self.email
    }

    /// The form that a header takes (RFC 5322, 3.4): in ASCII, on one line. The name is quoted or an encoded word (RFC 2047).
    /// `None` for an address that was stored under older rules, and that SES cannot deliver to.
    #[must_use]
    pub fn header(&self) -> Option<String> {
        let email: Email = self.email.as_str().parse().ok()?;
        Some(format!("{} <{email}>", phrase(&self.name)).trim_start().to_owned())
    }
}

/// A text without line ends and other control characters, which would end a header.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// A display name: what might mean something in a header is encoded.
fn phrase(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " .,'-".contains(c);
    if name.is_empty() {
        return String::new();
    }
    if name.len() <= WORD && name.chars().all(is_plain) {
        return format!("\"{name}\"");
    }
    let mut words: Vec<String> = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let (word, behind) = rest.split_at_checked(rest.floor_char_boundary(WORD)).unwrap_or((rest, ""));
        words.push(format!("=?UTF-8?B?{}?=", STANDARD.encode(word)));
        rest = behind;
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str, email: &str) -> Option<String> {
        Address::named(name, &email.parse().unwrap()).header()
    }

    /// What a mail program shows of a header.
    fn decoded(header: &str) -> String {
        let words = header.split(' ').filter_map(|word| word.strip_prefix("=?UTF-8?B?")?.strip_suffix("?="));
        words.map(|word| String::from_utf8(STANDARD.decode(word).unwrap()).unwrap()).collect()
    }

    #[test]
    fn header_quotes_ascii_names_and_encodes_all_others() {
        assert_eq!(header("Nancy O'Neil, Jr.", "n@x.example").unwrap(), "\"Nancy O'Neil, Jr.\" <n@x.example>");
        for name in ["Zoë Müller", "<script>alert(1)</script>", "A \"B\" \\ C", "=?UTF-8?Q?x?=", &"長い名前".repeat(40)]
        {
            let header = header(name, "n@x.example").unwrap();
            assert!(header.is_ascii() && header.split(' ').all(|word| word.len() <= 75), "{header}");
            assert_eq!(decoded(&header), name);
            assert!(header.ends_with(" <n@x.example>"));
        }
    }

    #[test]
    fn header_of_a_hostile_name_stays_one_recipient() {
        let header = header("Eve\r\nBcc: all@x.example, <b@x.example>\u{85}\0", "n@x.example").unwrap();
        assert!(!header.contains(['\r', '\n', '\0']) && !header.contains("Bcc"), "{header}");
        assert_eq!(header.matches('@').count(), 1);
        let forged: Email = serde_json::from_str(r#""a@x.example\r\nBcc: b@x.example""#).unwrap();
        assert_eq!(Address::named("Eve", &forged).header(), None);
    }

    #[test]
    fn header_of_an_address_stored_under_older_rules_is_ascii_or_none() {
        let header = |stored: &str| {
            let email: Email = serde_json::from_value(stored.into()).unwrap();
            Address::named("", &email).header()
        };
        assert_eq!(header("x@büro.example").unwrap(), "<x@xn--bro-hoa.example>");
        assert_eq!(header("zoë@x.example"), None);
    }
}
