//! The names of the organizations that mails belong to.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use stockroom_store::Store;

use crate::mailbox::Received;
use crate::mailbox::groups::Names;

/// Looks names up in the table. It keeps them, so mails of a deleted organization still show its name.
pub(crate) struct OrganizationNames {
    store: Store,
    known: Mutex<Names>,
}

impl OrganizationNames {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// The present names of the organizations of these mails, or the last known ones.
    pub(crate) async fn names_of(&self, mails: &[Received]) -> Names {
        let ids: HashSet<_> = mails.iter().map(|mail| mail.organization).collect();
        for id in ids {
            match self.store.mailing(id).organization().await {
                Ok(Some(found)) => {
                    let name = format!("{} ({})", found.name, found.subdomain);
                    self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(id, name);
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "cannot read the name of an organization"),
            }
        }
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for OrganizationNames {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OrganizationNames").finish_non_exhaustive()
    }
}
