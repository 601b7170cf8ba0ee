//! Additions to the start page of an installation with public sample accounts, such as the local stack.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The mailbox and the accounts on the start page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StartPage {
    /// The address of the local mailbox: a path of this host, or a URL.
    pub mailbox: Option<String>,
    /// Accounts that every visitor may use.
    pub accounts: Vec<SampleAccount>,
}

/// An account with its password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleAccount {
    /// The subdomain of its organization.
    pub tenant: String,
    /// The name of its role.
    pub role: String,
    /// Its e-mail address.
    pub email: String,
    /// Its password.
    pub password: String,
}

impl FromStr for StartPage {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text).map_err(|_| "a JSON object with mailbox and accounts")
    }
}
