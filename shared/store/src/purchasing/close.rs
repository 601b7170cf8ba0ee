//! Closing of an order, or of some of its lines: the outstanding quantity is cancelled.

use stockroom_domain::{
    id::{PurchaseRequestId, PurchaseRequestItemId},
    log::Action,
    purchasing::{PurchaseRequest, PurchaseRequestItem},
    quantity::Quantity,
    text::CloseReason,
    user::Person,
};

use super::{
    PurchaseRequests,
    lines::{changed_lines, releasing},
};
use crate::{
    error::StoreError,
    write::{Attempt, Authority, Decision, Outcome, guard::Guards},
};

const CANCELLED: (&str, fn(&PurchaseRequestItem) -> Quantity) = ("cancelled_quantity", |item| item.cancelled_quantity);

/// The lines to close, and the reason.
#[derive(Debug, Clone, Default)]
pub struct OrderClosing {
    /// Why the order is closed.
    pub reason: Option<CloseReason>,
    /// 1 to 40 lines, each at most once; `None` for all outstanding lines.
    pub lines: Option<Vec<PurchaseRequestItemId>>,
}

impl PurchaseRequests<'_> {
    /// Cancels the outstanding quantity of an order, or of some of its lines.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::VersionMismatch`], [`StoreError::Rejected`] for unknown lines,
    /// [`crate::Conflict::InvalidTransition`], [`crate::Conflict::LineComplete`].
    pub async fn close(
        &self,
        id: PurchaseRequestId,
        expected: Option<u64>,
        closing: &OrderClosing,
        present: impl Fn(&PurchaseRequest) -> Vec<u8>,
    ) -> Result<Outcome<PurchaseRequest>, StoreError> {
        let (keys, key) = (self.keys(), self.keys().request(id));
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<PurchaseRequest>, StoreError> {
            let before = self.expected(attempt, &key, expected)?;
            let attempt = &attempt.behind(before.updated_at);
            let by = Person::from(&attempt.caller()?.user);
            let after = before.close(closing.lines.as_deref(), closing.reason.clone(), &by, attempt.now)?;
            let states = changed_lines(&before, &after, CANCELLED)?;
            let change = self.next_logged(attempt, Action::Close, (&before, &after), states)?;
            releasing(attempt, keys, after.released_since(&before), Guards::default(), change)
        };
        self.table.write(Authority::Tenant(self.scope), std::slice::from_ref(&key), decide, present).await
    }
}
