//! E-mail addresses: those that SES can deliver to, and the forms that find accounts.

use std::{fmt, str::FromStr};

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization as _;

use crate::{
    characters::Kind,
    fault::Fault,
    text::{clean, fold},
};

/// A deliverable e-mail address; compared case-folded. The part before the `@` is an RFC 5321 `Dot-string`, the domain
/// is stored in its ASCII form (UTS 46). An address that was stored under older rules is read unchanged.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// The maximum length, in characters.
    pub const LONGEST: usize = 254;

    /// The maximum length before the `@`, in characters.
    const LONGEST_LOCAL_PART: usize = 64;

    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address in case-folded form.
    #[must_use]
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

crate::schema::has_schema!(Email, {
    let about = "An e-mail address, compared without regard to case. The part before the `@` is ASCII. A Unicode \
                 domain is stored in its ASCII form.";
    schemars::json_schema!({
        "description": about, "type": "string", "format": "email", "maxLength": Email::LONGEST,
        "examples": ["manager@northwind.example"],
    })
});

impl FromStr for Email {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let malformed = || Fault::new("invalid_format", "must be an e-mail address");
        let text = clean(text, Self::LONGEST, Kind::Identifier)?;
        let (local, domain) = text.rsplit_once('@').ok_or_else(malformed)?;
        if !local.is_ascii() {
            return Err(Fault::new("invalid_character", "must contain only ASCII characters before the @"));
        }
        if local.len() > Self::LONGEST_LOCAL_PART {
            return Err(Fault::new("too_long", "must have at most 64 characters before the @"));
        }
        let is_atom = |part: &str| !part.is_empty() && part.bytes().all(is_atom_text);
        if !local.split('.').all(is_atom) {
            return Err(malformed());
        }
        let address = format!("{local}@{}", ascii_domain(domain).ok_or_else(malformed)?);
        if address.len() > Self::LONGEST {
            return Err(Fault::new("too_long", "must have at most 254 characters with its domain in ASCII form"));
        }
        Ok(Self(address))
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `atext` of RFC 5322, 3.2.3.
fn is_atom_text(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

/// The ASCII form of a domain that has at least two labels and whose last label is not a number.
fn ascii_domain(domain: &str) -> Option<String> {
    let uts46 = Uts46::new();
    let ascii =
        uts46.to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify).ok()?;
    let (_, last) = ascii.rsplit_once('.')?;
    last.bytes().any(|byte| !byte.is_ascii_digit()).then(|| ascii.into_owned())
}

/// The folded forms under which an account of an address may be stored. Accounts can be older than the present rules
/// for [`Email`]: with a domain in Unicode, or with other letters before the `@`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailLookup(Vec<String>);

impl EmailLookup {
    /// From any typed text, valid or not. It has no forms if no account ever had such an address.
    #[must_use]
    pub fn new(typed: &str) -> Self {
        let mut forms = typed.parse().map(|email| Self::from(&email).0).unwrap_or_default();
        let as_typed: String = typed.trim().nfc().collect();
        if as_typed.len() <= Email::LONGEST && as_typed.contains('@') && !as_typed.contains(char::is_control) {
            push_new(&mut forms, fold(&as_typed));
        }
        Self(forms)
    }

    /// The forms, the present one first.
    pub fn forms(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl From<&Email> for EmailLookup {
    fn from(email: &Email) -> Self {
        let mut forms = vec![email.folded()];
        if let Some((local, domain)) = email.as_str().rsplit_once('@') {
            let (unicode, _) = Uts46::new().to_unicode(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast);
            push_new(&mut forms, fold(&format!("{local}@{unicode}")));
        }
        Self(forms)
    }
}

fn push_new(forms: &mut Vec<String>, form: String) {
    if !forms.contains(&form) {
        forms.push(form);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> Option<&'static str> {
        text.parse::<Email>().err().map(|fault| fault.code)
    }

    #[test]
    fn parse_of_an_address_returns_its_deliverable_form() {
        for (typed, kept) in [
            ("a@b.example", "a@b.example"),
            (" Zoe.Mueller+x@B\u{fc}ro.Example ", "Zoe.Mueller+x@xn--bro-hoa.example"),
            ("x@bu\u{308}ro.example", "x@xn--bro-hoa.example"),
            ("x@例え。テスト", "x@xn--r8jz45g.xn--zckzah"),
            ("x@ｂ.example", "x@b.example"),
            ("o'neil@x.co", "o'neil@x.co"),
            ("!#$%&'*+-/=?^_`{|}~@ab--cd.co", "!#$%&'*+-/=?^_`{|}~@ab--cd.co"),
        ] {
            assert_eq!(typed.parse::<Email>().unwrap().as_str(), kept);
        }
    }

    #[test]
    fn parse_of_an_undeliverable_address_is_refused() {
        for text in [
            "a",
            "@b.example",
            "a@b",
            "a@@b.example",
            "a b@c.example",
            "a@b..example",
            "a@-b.example",
            "<a@b.example>",
            ".a@b.example",
            "a.@b.example",
            "a..b@c.example",
            "a@b.example.",
            "a@b_c.example",
            "a@1.2.3.4",
            "a@[1.2.3.4]",
            "\"a b\"@c.example",
            "a@b c.example",
            "a,b@c.example",
            "a@xn--a-.example",
            "a@\u{2100}.example",
        ] {
            assert_eq!(code(text), Some("invalid_format"), "{text}");
        }
        for text in [
            "jörg@x.example",
            "o\u{2019}neil@x.example",
            "victim\u{200b}@x.example",
            "victim@x\u{ad}.example",
            "а@x.example",
        ] {
            assert_eq!(code(text), Some("invalid_character"), "{text}");
        }
        let (label, local) = ("ü".repeat(40), "a".repeat(64));
        for text in [format!("a{local}@x.example"), format!("{local}@{label}.{label}.{label}.{label}.example")] {
            assert_eq!(code(&text), Some("too_long"), "{text}");
        }
    }

    #[test]
    fn read_of_an_address_stored_under_older_rules_succeeds() {
        for stored in ["jörg@x.example", "zoe@büro.example", "a\u{200b}@x.example"] {
            let email: Email = serde_json::from_value(stored.into()).unwrap();
            assert_eq!(email.as_str(), stored);
            assert!(EmailLookup::new(stored).forms().any(|form| form == email.folded()), "{stored}");
        }
        let typed = ["Zoe@BÜRO.example", "zoe@bu\u{308}ro.example", "zoe@XN--bro-hoa.example"].map(EmailLookup::new);
        for lookup in typed {
            assert_eq!(lookup.forms().collect::<Vec<_>>(), ["zoe@xn--bro-hoa.example", "zoe@büro.example"]);
        }
        assert_eq!(EmailLookup::new("a@b.example").forms().collect::<Vec<_>>(), ["a@b.example"]);
        for nobody in ["", "nobody", "a\0@b.example", &format!("{}@b.example", "x".repeat(300))] {
            assert_eq!(EmailLookup::new(nobody).forms().count(), 0, "{nobody}");
        }
    }

    proptest! {
        #[test]
        fn parse_of_a_printed_address_returns_the_same_address(text in "[\\PC@.]{1,40}") {
            if let Ok(email) = text.parse::<Email>() {
                prop_assert!(email.as_str().is_ascii() && email.as_str().len() <= Email::LONGEST);
                prop_assert_eq!(email.as_str().parse::<Email>().unwrap(), email);
            }
        }
    }
}
