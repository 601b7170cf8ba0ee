//! A tenant.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{fault::Fault, id::OrganizationId, named::named_enum, text::OrganizationName, time::Timestamp};

/// An organization with its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    pub id: OrganizationId,
    pub version: u64,
    pub name: OrganizationName,
    pub subdomain: Subdomain,
    pub currency: Currency,
    pub status: OrganizationStatus,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The time of its deletion, from which the purge is due; `None` while it is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
}

named_enum! {
    schema: Inline "OrganizationStatus",
    "The status of the organization. A `DELETED` organization cannot be used; its data is purged after 30 days.",
    "ACTIVE";
    /// The status of an organization.
    pub enum OrganizationStatus {
        /// Active.
        Active = "ACTIVE",
        /// Deleted; its data remains until the purge.
        Deleted = "DELETED",
    }
}

/// The public name of a tenant: 3 to 63 of `a-z0-9-`, without a hyphen at either end, not a reserved word.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subdomain(String);

const RESERVED: &[&str] = &[
    "admin",
    "api",
    "app",
    "assets",
    "auth",
    "billing",
    "blog",
    "cdn",
    "dev",
    "docs",
    "ftp",
    "help",
    "imap",
    "localhost",
    "login",
    "mail",
    "news",
    "pop",
    "prod",
    "root",
    "shop",
    "smtp",
    "staging",
    "static",
    "status",
    "stockroom",
    "support",
    "test",
    "www",
];

impl Subdomain {
    /// The label as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Subdomain {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        if !(3..=63).contains(&text.len()) {
            return Err(Fault::new("invalid_length", "must have 3 to 63 characters"));
        }
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !text.chars().all(allowed) || text.starts_with('-') || text.ends_with('-') {
            return Err(Fault::new("invalid_character", "must contain only a-z, 0-9 and inner hyphens"));
        }
        if RESERVED.contains(&text) || text.starts_with("xn--") {
            return Err(Fault::new("reserved", "is a reserved word"));
        }
        Ok(Self(text.to_owned()))
    }
}

crate::schema::has_schema!(Subdomain, {
    let about = "The name of the tenant, for sign-in: 3 to 63 characters a-z, 0-9 and inner hyphens. Reserved words \
                 such as `api` and `www` are not allowed. It never changes.";
    let pattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
    schemars::json_schema!({
        "description": about, "type": "string", "minLength": 3, "maxLength": 63, "pattern": pattern,
        "examples": ["northwind"],
    })
});

impl fmt::Display for Subdomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A currency by its ISO 4217 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Currency(iso_currency::Currency);

impl Default for Currency {
    fn default() -> Self {
        Self(iso_currency::Currency::USD)
    }
}

impl FromStr for Currency {
    type Err = Fault;

    fn from_str(code: &str) -> Result<Self, Fault> {
        iso_currency::Currency::from_code(code)
            .map(Self)
            .ok_or_else(|| Fault::new("unknown_value", "must be an ISO 4217 currency code such as USD"))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code())
    }
}

crate::text::serialize_as_text!(Currency);
crate::schema::has_schema!(Currency, {
    let about = "An ISO 4217 currency code.";
    schemars::json_schema!({"description": about, "type": "string", "pattern": "^[A-Z]{3}$", "examples": ["USD"]})
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_of_a_subdomain_accepts_dns_labels_only() {
        for good in ["acme", "a-1", "northwind", &"a".repeat(63)] {
            assert!(good.parse::<Subdomain>().is_ok(), "{good}");
        }
        for bad in ["ab", "Acme", "-acme", "acme-", "a.b", "www", "a#b", "xn--abc", "ácme", &"a".repeat(64)] {
            assert!(bad.parse::<Subdomain>().is_err(), "{bad}");
        }
    }
}
