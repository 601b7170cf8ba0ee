//! Cleanup of an organization: drafts that were never submitted, expired sessions and claims.
//!
//! Each part may run twice, in parallel, or stop anywhere: deleted items are not found again.

use stockroom_domain::{
    id::OrganizationId,
    organization::Organization,
    purchasing::{PurchaseRequest, PurchaseRequestStatus},
    time::Timestamp,
};

use crate::{
    dynamo::{
        expression::{Expression, expression},
        item::{data, n, s},
        key::{Index, Key},
        query::{Query, Range},
        table::Conditional,
    },
    error::StoreError,
    keys::{OrganizationKeys, id_bounds},
    people::session_records::Sessions,
    purchasing,
    write::{Attempt, Authority, Change, Decision, access::Table, log::Origin},
};

/// How many items one call reads.
const PAGE: usize = 100;

/// How many items one call of a job may still write, so that it ends in time. The next call continues.
#[derive(Debug, Clone, Copy)]
pub struct Budget(usize);

impl Budget {
    /// A number of items.
    #[must_use]
    pub fn of(items: usize) -> Self {
        Self(items)
    }

    /// Whether it is used up.
    #[must_use]
    pub fn is_spent(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn spend(&mut self, items: usize) {
        self.0 = self.0.saturating_sub(items);
    }
}

/// See [`crate::Store::cleaning`].
#[derive(Debug, Clone, Copy)]
pub struct Cleaning<'a> {
    table: &'a Table,
    organization: OrganizationId,
}

impl<'a> Cleaning<'a> {
    pub(crate) fn new(table: &'a Table, organization: OrganizationId) -> Self {
        Self { table, organization }
    }

    fn keys(&self) -> OrganizationKeys {
        OrganizationKeys(self.organization)
    }

    /// The organization, active or ended; `None` if it is purged.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn organization(&self) -> Result<Option<Organization>, StoreError> {
        let key = self.keys().organization();
        self.table.get(std::slice::from_ref(&key)).await?.get(&key).map(data).transpose()
    }

    /// Deletes the drafts created before a time, each with its log entry; returns their number.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn drafts(
        &self,
        made_before: Timestamp,
        origin: &Origin,
        budget: &mut Budget,
    ) -> Result<usize, StoreError> {
        let (low, high) = id_bounds(None, Some(made_before));
        let drafts = self.keys().requests_in(PurchaseRequestStatus::Draft);
        let mut query = Query { range: Range::Between(low, high), ..Query::index(Index::One, drafts, PAGE) };
        let mut deleted = 0_usize;
        loop {
            let found = self.table.query(&query).await?;
            for key in found.items.iter().filter_map(Key::of) {
                if budget.is_spent() {
                    return Ok(deleted);
                }
                let written = self.delete_draft(&key, made_before, origin).await?;
                budget.spend(written);
                deleted = deleted.saturating_add(usize::from(written > 0));
            }
            query.after = found.last;
            if query.after.is_none() {
                return Ok(deleted);
            }
        }
    }

    /// Deletes a request if it is still such a draft; returns the number of items written.
    async fn delete_draft(&self, key: &Key, made_before: Timestamp, origin: &Origin) -> Result<usize, StoreError> {
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<usize>, StoreError> {
            let request: Option<PurchaseRequest> = attempt.find(key).map(data).transpose()?;
            let is_due = |request: &PurchaseRequest| {
                request.status() == PurchaseRequestStatus::Draft && request.created_at < made_before
            };
            let Some(request) = request.filter(is_due) else { return Ok(Decision::Keep(0)) };
            let written = request.items.len().saturating_add(2);
            Ok(purchasing::deletion(attempt, self.organization, &request)?.map(|()| written))
        };
        let authority = Authority::Public { origin, idempotency: None };
        self.table.change(authority, std::slice::from_ref(key), decide).await
    }

    /// Removes expired sessions from their users' items; returns their number.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn sessions(&self, expired_by: Timestamp, budget: &mut Budget) -> Result<usize, StoreError> {
        let mut query = Query::new(self.keys().users(), PAGE);
        let mut ended = 0_usize;
        while !budget.is_spent() {
            let found = self.table.query(&query).await?;
            let mut updates = Vec::new();
            for item in &found.items {
                let sessions = Sessions::of(item)?;
                let expired = sessions.expired(expired_by);
                if let Some(key) = Key::of(item).filter(|_| !expired.is_empty()) {
                    ended = ended.saturating_add(expired.len());
                    let (update, condition) = end(&expired);
                    updates.push((key, update, condition));
                }
            }
            budget.spend(updates.len());
            // A refused update met a sign-in, which removes expired sessions itself.
            self.table.update_each(updates).await?;
            query.after = found.last;
            if query.after.is_none() {
                break;
            }
        }
        Ok(ended)
    }

    /// Deletes expired claims on mails that the table's own expiry, which is late, has left; returns their number.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claims(&self, expired_by: Timestamp, budget: &mut Budget) -> Result<usize, StoreError> {
        let by = n(expired_by.unix_seconds());
        let is_expired = expression("#expires_at <= :by").with("by", by.clone());
        let may_go = expression("attribute_not_exists(#pk) OR #expires_at <= :by").with("by", by);
        let mut query = Query { filter: is_expired, ..Query::new(self.keys().claims(), PAGE) };
        let mut deleted = 0_usize;
        while !budget.is_spent() {
            let found = self.table.query(&query).await?;
            let expired: Vec<Key> = found.items.iter().filter_map(Key::of).collect();
            if !expired.is_empty() {
                budget.spend(expired.len());
                let change =
                    expired.iter().try_fold(Change::following(()), |change, key| change.delete(key, &may_go))?;
                if self.table.commit(change).await? == Conditional::Refused {
                    // One of them was claimed again meanwhile.
                    continue;
                }
                deleted = deleted.saturating_add(expired.len());
            }
            query.after = found.last;
            if query.after.is_none() {
                break;
            }
        }
        Ok(deleted)
    }
}

/// The update that removes sessions from their user's item, and the condition that they are as read.
fn end(expired: &[(&str, Timestamp)]) -> (Expression, Expression) {
    let paths: Vec<String> = expired.iter().map(|(name, _)| format!("#sessions.#{name}")).collect();
    let as_read = expired.iter().enumerate().fold(Expression::default(), |condition, (place, (name, at))| {
        let seen = format!("at{place}");
        condition.and(expression(format!("#sessions.#{name}.#expires_at = :{seen}")).with(&seen, s(at)))
    });
    (expression(format!("REMOVE {}", paths.join(", "))), as_read)
}
