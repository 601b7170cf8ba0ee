//! The mailbox, the stand-in for SES.

pub(crate) mod groups;
pub(crate) mod pages;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use stockroom_domain::id::OrganizationId;
use stockroom_domain::source::Sources;
use stockroom_domain::text::Email;
use stockroom_domain::time::Timestamp;
use stockroom_notify::{Message, SendError, Transport};
use uuid::Uuid;

/// The number of latest mails that are kept.
const MAX_MAILS: usize = 1_000;

/// The sent mails, in memory. Clones share them.
#[derive(Debug, Clone)]
pub struct Mailbox {
    sources: Sources,
    mails: Arc<Mutex<VecDeque<Received>>>,
}

/// A received mail.
#[derive(Debug, Clone, Serialize)]
pub struct Received {
    pub id: Uuid,
    pub organization: OrganizationId,
    pub to: [Email; 1],
    pub from: Email,
    pub subject: String,
    pub html: String,
    pub text: String,
    pub created_at: Timestamp,
}

impl Mailbox {
    pub(crate) fn new(sources: Sources) -> Self {
        Self { sources, mails: Arc::default() }
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Received>> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The kept mails, oldest first.
    #[must_use]
    pub fn mails(&self) -> Vec<Received> {
        self.kept().iter().cloned().collect()
    }

    /// The mail with this id.
    pub(crate) fn mail(&self, id: &str) -> Option<Received> {
        self.kept().iter().find(|mail| mail.id.to_string() == id).cloned()
    }

    /// The id of the newest mail.
    pub(crate) fn latest(&self) -> Option<Uuid> {
        self.kept().back().map(|mail| mail.id)
    }
}

impl Transport for Mailbox {
    /// Accepts mails that SES would accept.
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        if message.to.header().is_none() {
            return Err(SendError::Refused("the address has no ASCII form".to_owned()));
        }
        let now = self.sources.now();
        let received = Received {
            id: uuid::Builder::from_unix_timestamp_millis(now.unix_millis(), &self.sources.bytes()).into_uuid(),
            organization: message.organization,
            to: [message.to.email().clone()],
            from: message.from.email().clone(),
            subject: message.content.subject.clone(),
            html: message.content.html.clone(),
            text: message.content.plain.clone(),
            created_at: now,
        };
        let mut mails = self.kept();
        if mails.len() == MAX_MAILS {
            mails.pop_front();
        }
        mails.push_back(received);
        Ok(())
    }
}
