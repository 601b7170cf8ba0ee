//! The limit on mails with a link to one account. It holds in every period as long as its window.
//!
//! One item stores the times of the last mails. It is read together with the account, and updated in the transaction
//! that logs the next mail, if it is still as read. So of two requests at once, one is logged.

use std::fmt::Display;

use stockroom_domain::{limit::Limit, time::Timestamp};

use crate::{
    dynamo::{
        expression::{Expression, expression},
        item::{Item, n, s},
        key::Key,
    },
    error::{StoreError, TooMany},
    keys::rate,
};

/// The limit's name, as clients and keys see it.
const NAME: &str = "link-mails";
/// How long the item outlives its window, in seconds: longer than any clock skew.
const KEPT_SECONDS: u64 = 60 * 60;

/// The limit on the mails with a link to one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkMails {
    pub(crate) key: Key,
    limit: Limit,
}

impl LinkMails {
    /// The limit of the account that has this digest.
    #[must_use]
    pub fn new(account: impl Display, limit: Limit) -> Self {
        Self { key: rate(NAME, account), limit }
    }

    /// The update that counts one more mail, and the condition that the item is still as read.
    ///
    /// # Errors
    /// [`StoreError::TooMany`] when the window is full.
    pub(crate) fn take(&self, read: Option<&Item>, now: Timestamp) -> Result<(Expression, Expression), StoreError> {
        let text = read.and_then(|item| item.get("sent")?.as_s().ok());
        let sent: Vec<Timestamp> = text.iter().flat_map(|text| text.split(' ')).filter_map(moment).collect();
        let Some(next) = self.limit.within_window(&sent, now) else {
            return Err(TooMany { limit: NAME, wait: self.limit.wait_within_window(&sent, now) }.into());
        };
        let next: Vec<_> = next.iter().map(|moment| moment.unix_millis().to_string()).collect();
        let expires = now.unix_seconds().saturating_add(self.limit.window_seconds()).saturating_add(KEPT_SECONDS);
        let update = expression("SET #sent = :next, #expires_at = :expires")
            .with("next", s(next.join(" ")))
            .with("expires", n(expires));
        let as_read = match text {
            Some(text) => expression("#sent = :sent").with("sent", s(text)),
            None => expression("attribute_not_exists(#sent)"),
        };
        Ok((update, as_read))
    }
}

fn moment(millis: &str) -> Option<Timestamp> {
    Timestamp::from_unix_millis(millis.parse().ok()?)
}
