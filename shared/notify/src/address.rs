//! Names and addresses in the headers of an email.

use email_encoding::headers::{rfc2047, writer::EmailWriter};
use stockroom_domain::text::{Email, FullName};

/// The maximum length of a name that is not encoded.
const MAX_PLAIN: usize = 45;

/// A display name and an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    name: String,
    email: Email,
}

impl Address {
    /// The name and address of a user.
    #[must_use]
    pub fn new(name: &FullName, email: &Email) -> Self {
        Self::named(name.as_str(), email)
    }

    /// Any name with an address.
    #[must_use]
    pub fn named(name: &str, email: &Email) -> Self {
        Self { name: one_line(name), email: email.clone() }
    }

    /// The address alone.
    #[must_use]
    pub fn email(&self) -> &Email {
        &self.email
    }

    /// The form that a header takes (RFC 5322, 3.4): in ASCII, on one line. The name is quoted or an encoded word (RFC
    /// 2047). `None` for an address that was stored under older rules and that SES cannot deliver to.
    #[must_use]
    pub fn header(&self) -> Option<String> {
        let email: Email = self.email.as_str().parse().ok()?;
        Some(format!("{} <{email}>", phrase(&self.name)).trim_start().to_owned())
    }
}

/// The text with spaces in place of line ends and other control characters, which would end a header.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// A display name. Characters that have a meaning in a header are encoded.
fn phrase(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " .,'-".contains(c);
    if name.is_empty() {
        return String::new();
    }
    if name.len() <= MAX_PLAIN && name.chars().all(is_plain) {
        return format!("\"{name}\"");
    }
    let mut encoded = String::new();
    // Writing to a string does not fail.
    let is_written = rfc2047::encode(name, &mut EmailWriter::new(&mut encoded, 0, 0, false)).is_ok();
    // SES folds the header itself.
    if is_written { encoded.replace("\r\n", "") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;

    fn header(name: &str, email: &str) -> Option<String> {
        Address::named(name, &email.parse().unwrap()).header()
    }

    /// The display name that a mail program shows.
    fn decoded(header: &str) -> String {
        let words = header.split(' ').filter_map(|word| word.strip_prefix("=?utf-8?b?")?.strip_suffix("?="));
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
