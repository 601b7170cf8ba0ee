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
        const EXPECTED: &str = "a JSON object with mailbox, a path or an HTTP URL, and accounts";
        let is_object = text.trim_start().starts_with('{');
        let page: Self = serde_json::from_str(text).ok().filter(|_| is_object).ok_or(EXPECTED)?;
        let is_link = |link: &String| ["/", "http://", "https://"].iter().any(|start| link.starts_with(start));
        if page.mailbox.iter().all(is_link) { Ok(page) } else { Err(EXPECTED) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_of_a_start_page_refuses_other_values_and_links() {
        let account = r#"{"tenant": "acme", "role": "ADMIN", "email": "a@b.example", "password": "p"}"#;
        let page = format!(r#"{{"mailbox": "/_local/mail", "accounts": [{account}]}}"#).parse::<StartPage>().unwrap();
        assert_eq!((page.mailbox.as_deref(), page.accounts.len()), (Some("/_local/mail"), 1));
        assert_eq!("{}".parse(), Ok(StartPage::default()));
        for bad in ["", "[]", "null", "{", r#"{"mail": "/"}"#, r#"{"mailbox": "javascript:alert(1)"}"#] {
            assert!(bad.parse::<StartPage>().is_err(), "{bad}");
        }
    }
}
