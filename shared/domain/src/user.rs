//! Users of an organization.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use crate::{
    access::Role,
    common_passwords::{is_common, stems},
    fault::Fault,
    id::UserId,
    named::named_enum,
    text::{Email, FullName, fold},
    time::Timestamp,
};

/// A user as others see one; sessions and credentials are stored separately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    pub version: u64,
    pub email: Email,
    pub full_name: FullName,
    pub role: Role,
    pub status: UserStatus,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl User {
    /// Whether the user is an active admin. An organization needs at least one.
    #[must_use]
    pub fn is_active_admin(&self) -> bool {
        self.role == Role::Admin && self.status == UserStatus::Active
    }
}

named_enum! {
    schema: Component "UserStatus", "The status of a user. A `DISABLED` user cannot sign in.", "ACTIVE";
    /// Whether a user may sign in.
    pub enum UserStatus {
        /// May sign in.
        Active = "ACTIVE",
        /// Cannot sign in until an admin enables the account.
        Disabled = "DISABLED",
    }
}

/// A user as shown with an action: `created_by`, `approved_by`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: UserId,
    pub full_name: FullName,
}

impl From<&User> for Person {
    fn from(user: &User) -> Self {
        Self { id: user.id, full_name: user.full_name.clone() }
    }
}

/// A password of 12 to 128 characters that is not a common one. It is never shown, stored or logged;
/// [`Password::reveal`] is for hashing alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The prepared characters.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The form in which passwords are counted, hashed and compared, so that one password typed on two systems is
    /// equal: all kinds of spaces become U+0020, and the whole is in NFC (RFC 8265, 4.2, `OpaqueString`). It is not
    /// trimmed.
    #[must_use]
    pub fn prepare(text: &str) -> String {
        text.chars().map(|c| if is_space(c) { ' ' } else { c }).nfc().collect()
    }

    /// Refuses guessable passwords: the e-mail address, the part before its `@`, and these names of the organization,
    /// in any case and with up to six trailing digits or signs.
    ///
    /// # Errors
    /// A validation error with the code `common_password`.
    pub fn check_guessable(&self, email: &Email, names: &[&str]) -> Result<(), Fault> {
        let folded = fold(&self.0);
        let (email, names) = (email.folded(), names.iter().map(|name| fold(name)).collect::<Vec<_>>());
        let local_part = email.split('@').next().unwrap_or_default();
        let is_one = |stem: &str| stem == email || stem == local_part || names.iter().any(|name| name == stem);
        if stems(&folded).any(is_one) {
            let detail = "must not be the e-mail address or the name of the organization";
            return Err(Fault::new("common_password", detail));
        }
        Ok(())
    }
}

/// A space other than U+0020 (Unicode's category Zs).
fn is_space(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

impl FromStr for Password {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let prepared = Self::prepare(text);
        match prepared.chars().count() {
            0..12 => return Err(Fault::new("too_short", "must have at least 12 characters")),
            12..=128 => {}
            _ => return Err(Fault::new("too_long", "must have at most 128 characters")),
        }
        if prepared.chars().any(char::is_control) {
            return Err(Fault::new("invalid_character", "must not contain control characters"));
        }
        if is_common(&fold(&prepared)) {
            return Err(Fault::new("common_password", "is a common password; choose another one"));
        }
        Ok(Self(prepared))
    }
}

crate::schema::has_schema!(Password, {
    let about = "12 to 128 characters without control characters. Common passwords, the e-mail address of the account \
                 and the name of the organization are not allowed.";
    schemars::json_schema!({
        "description": about, "type": "string", "format": "password", "minLength": 12, "maxLength": 128,
        "examples": ["ten staplers, and no cake"],
    })
});

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(password: &str) -> Option<&'static str> {
        password.parse::<Password>().err().map(|fault| fault.code)
    }

    #[test]
    fn parse_of_a_password_counts_prepared_characters() {
        // Twelve letters, each typed as two: without preparation they would be 24.
        assert_eq!(code(&"e\u{301}".repeat(12)), None);
        assert_eq!(code(&"e\u{301}".repeat(11)), Some("too_short"));
        assert_eq!(code(&"e\u{301}".repeat(128)), None);
        assert_eq!(code(&"x".repeat(129)), Some("too_long"));
        assert_eq!(code("a tab\there, a password there"), Some("invalid_character"));
    }

    #[test]
    fn parse_of_both_unicode_forms_of_a_password_is_equal() {
        let composed: Password = "Caf\u{e9} au\u{a0}lait, s'il vous pla\u{ee}t".parse().unwrap();
        let decomposed: Password = "Cafe\u{301} au lait, s'il vous plai\u{302}t".parse().unwrap();
        assert!(composed == decomposed);
        assert!(" leading and trailing ".parse::<Password>().unwrap().reveal().starts_with(' '));
    }

    #[test]
    fn parse_of_a_common_password_in_any_case_or_with_a_tail_is_common_password() {
        for common in ["Q1W2E3R4T5Y6", "QwertyUiop123", "PasswordPassword", "Superman2026!", "1234567890123"] {
            assert_eq!(code(common), Some("common_password"), "{common}");
        }
        for fine in ["northwind-demo-2026", "correct horse battery", "superman flies by", "aaaaaaaaaaaa"] {
            assert_eq!(code(fine), None, "{fine}");
        }
    }

    #[test]
    fn check_of_a_password_made_of_own_names_is_refused() {
        let email: Email = "Nancy.Davolio@northwind.example".parse().unwrap();
        let check = |password: &str| {
            let password: Password = password.parse().unwrap();
            password.check_guessable(&email, &["Northwind Traders", "northwind"]).is_ok()
        };
        for guessed in [
            "nancy.davolio@NORTHWIND.example",
            "Nancy.Davolio",
            "nancy.davolio2026",
            "northwind traders",
            "northwind-24",
        ] {
            assert!(!check(guessed), "{guessed}");
        }
        for fine in ["nancy.davolio sells", "northwind-demo-2026", "a northwind blows"] {
            assert!(check(fine), "{fine}");
        }
    }

    #[test]
    fn debug_of_a_password_hides_its_text() {
        assert_eq!(format!("{:?}", "correct horse battery".parse::<Password>().unwrap()), "Password(..)");
    }
}
