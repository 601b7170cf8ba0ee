//! The people of an organization.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    access::Role,
    fault::Fault,
    id::UserId,
    text::{Email, FullName},
    time::Timestamp,
};

/// A user as others see one; sessions and credentials stand elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it all")]
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
    /// Whether it is one of those of whom an organization needs at least one.
    #[must_use]
    pub fn is_active_admin(&self) -> bool {
        self.role == Role::Admin && self.status == UserStatus::Active
    }
}

/// Whether a user may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum UserStatus {
    /// May sign in.
    Active,
    /// May not, for now.
    Disabled,
}

impl UserStatus {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Disabled => "DISABLED",
        }
    }
}

impl FromStr for UserStatus {
    type Err = Fault;

    fn from_str(name: &str) -> Result<Self, Fault> {
        [Self::Active, Self::Disabled]
            .into_iter()
            .find(|status| status.name() == name)
            .ok_or_else(|| Fault::new("unknown_value", "must be one of ACTIVE, DISABLED"))
    }
}

/// A person as named beside what they did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it all")]
pub struct Person {
    pub id: UserId,
    pub full_name: FullName,
}

impl From<&User> for Person {
    fn from(user: &User) -> Self {
        Self { id: user.id, full_name: user.full_name.clone() }
    }
}

/// A password of 12 to 128 characters. It is never shown, stored or logged; [`Password::reveal`] is for hashing alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The characters themselves.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for Password {
    type Err = Fault;

    /// Taken as it is typed: neither trimmed nor normalized.
    fn from_str(text: &str) -> Result<Self, Fault> {
        match text.chars().count() {
            0..12 => Err(Fault::new("too_short", "must be at least 12 characters")),
            12..=128 => Ok(Self(text.to_owned())),
            _ => Err(Fault::new("too_long", "must be at most 128 characters")),
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}
