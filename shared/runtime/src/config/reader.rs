//! Reading of settings: every setting that cannot be used is collected.

use std::{fmt, str::FromStr};

use stockroom_store::Connection;

use super::group::Group;
use crate::keys::{Algorithm, Keys, PublicKeys};

pub(super) struct Reader<'a> {
    pub(super) variables: &'a dyn Fn(&str) -> Option<String>,
    pub(super) faults: Vec<String>,
    /// The groups of the program that reads.
    pub(super) groups: &'a [Group],
}

impl Reader<'_> {
    /// Whether the setting belongs to a group of the program. All others count as unset.
    pub(super) fn reads(&self, name: &str) -> bool {
        Group::of(name).is_none_or(|groups| groups.iter().any(|group| self.groups.contains(group)))
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        (self.variables)(name).filter(|value| !value.is_empty() && self.reads(name))
    }

    pub(super) fn required<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        let value = self.text(name).and_then(|text| text.parse().ok());
        if value.is_none() {
            let found = if self.text(name).is_some() { "cannot be used" } else { "is missing" };
            self.faults.push(format!("{name} {found}, expected {expected}"));
        }
        value
    }

    #[expect(clippy::option_option, reason = "the outer one says whether it could be read")]
    pub(super) fn optional<T: FromStr<Err: fmt::Display>>(&mut self, name: &str) -> Option<Option<T>> {
        let Some(text) = self.text(name) else { return Some(None) };
        match text.parse() {
            Ok(value) => Some(Some(value)),
            Err(expected) => {
                self.faults.push(format!("{name} cannot be used, expected {expected}"));
                None
            }
        }
    }

    pub(super) fn or<T: FromStr<Err: fmt::Display>>(&mut self, name: &str, default: T) -> Option<T> {
        self.optional(name).map(|value| value.unwrap_or(default))
    }

    pub(super) fn keys(&mut self) -> Option<Keys> {
        let algorithm = self.or("ALGORITHM", Algorithm::Hs256);
        let secret = self.optional("SECRET_KEY");
        let previous = self.optional("SECRET_KEY_PREVIOUS");
        let private = self.optional("TOKEN_PRIVATE_KEY");
        let public = self.or("TOKEN_PUBLIC_KEYS", PublicKeys::default());
        let cursor = self.optional("CURSOR_KEY");
        Some(Keys {
            algorithm: algorithm?,
            secret: secret?,
            previous: previous?,
            private: private?,
            public: public?,
            cursor: cursor?,
        })
    }

    pub(super) fn connection(&mut self) -> Option<Connection> {
        let table = self.required("TABLE_NAME", "the name of the DynamoDB table");
        let region = match self.text("AWS_REGION") {
            Some(region) => Some(region),
            None => self.required("AWS_DEFAULT_REGION", "an AWS region such as eu-central-1 (or AWS_REGION)"),
        };
        let access_key_id = self.required("AWS_ACCESS_KEY_ID", "the access key that Lambda sets, or one of yours");
        let secret_access_key = self.required("AWS_SECRET_ACCESS_KEY", "the secret of the access key");
        Some(Connection {
            table: table?,
            region: region?,
            endpoint: self.text("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| self.text("AWS_ENDPOINT_URL")),
            access_key_id: access_key_id?,
            secret_access_key: secret_access_key?,
            session_token: self.text("AWS_SESSION_TOKEN"),
            has_own_roots: self.text("SSL_CERT_FILE").is_some(),
        })
    }

    pub(super) fn limit<T: FromStr<Err: fmt::Display>>(&mut self, name: &str, default: &str) -> Option<T> {
        let value = self.text(name);
        let allowed = value.as_deref().unwrap_or(default).parse();
        allowed.map_err(|expected| self.faults.push(format!("{name} cannot be used, expected {expected}"))).ok()
    }
}
