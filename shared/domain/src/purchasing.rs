//! Purchase requests: their lines and their state machine.

mod line;
mod status;
mod stored;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use self::stored::StoredPurchaseRequest;
pub use self::{
    line::{NewLine, PurchaseRequestItem, ReceivedLine},
    status::{Act, Approval, Closing, Milestones, Order, Progress, PurchaseRequestStatus, Transition},
};
use crate::{
    fault::Fault,
    id::{ProductId, PurchaseRequestId, PurchaseRequestItemId, UserId},
    money::Cost,
    organization::Currency,
    quantity::Quantity,
    text::{CloseReason, Notes},
    time::Timestamp,
    user::Person,
};

/// The maximum number of lines of a request.
pub const MAX_LINES: usize = 40;
/// The maximum number of lines of a receipt.
pub const MAX_RECEIVED_LINES: usize = 30;
/// The maximum number of actions of one transaction of the table.
pub const MAX_ACTIONS: usize = 100;

/// The maximum number of actions of a receipt: the request, its log entry and a stored response; a level, a movement
/// and a product for each line; and the warehouses. 30 lines fit into 7 warehouses, 24 lines into one each.
#[must_use]
pub fn receipt_actions(lines: usize, warehouses: usize) -> usize {
    lines.saturating_mul(3).saturating_add(warehouses).saturating_add(3)
}

/// A request's number in its organization, written `PR-00001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PurchaseRequestNumber(pub u64);

crate::text::serialize_as_text!(PurchaseRequestNumber);
crate::schema::has_schema!(PurchaseRequestNumber, {
    let about = "The number of the request, unique in the organization. Numbers are never reused.";
    schemars::json_schema!({
        "description": about, "type": "string", "pattern": "^PR-[0-9]{5,}$", "examples": ["PR-00001"],
    })
});

impl FromStr for PurchaseRequestNumber {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let number = text.strip_prefix("PR-").and_then(|number| number.parse().ok()).map(Self);
        number.ok_or_else(|| Fault::new("invalid_format", "must be a request number such as PR-00001"))
    }
}

impl fmt::Display for PurchaseRequestNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PR-{:05}", self.0)
    }
}

/// A purchase request with its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredPurchaseRequest", into = "StoredPurchaseRequest")]
pub struct PurchaseRequest {
    pub id: PurchaseRequestId,
    pub version: u64,
    pub request_number: PurchaseRequestNumber,
    pub progress: Progress,
    pub notes: Option<Notes>,
    /// The currency of its prices; `None` without prices, and in requests of earlier programs.
    pub currency: Option<Currency>,
    pub items: Vec<PurchaseRequestItem>,
    pub created_by: Person,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The sum of the estimates of a request's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// The sum of the lines that have a price; `None` if it is too large for a [`Cost`].
    pub total: Option<Cost>,
    /// The number of lines in the sum.
    pub lines: usize,
    /// The number of lines that it excludes, because they have no price.
    pub lines_without_price: usize,
}

/// The input for a new draft.
#[derive(Debug, Clone)]
pub struct PurchaseRequestDraft {
    pub id: PurchaseRequestId,
    pub request_number: PurchaseRequestNumber,
    pub notes: Option<Notes>,
    pub items: Vec<PurchaseRequestItem>,
    pub created_by: Person,
}

/// Why the state of a request forbids an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PurchaseError {
    /// Its status does not allow it.
    #[error("the status does not allow it")]
    InvalidTransition {
        /// The present status.
        status: PurchaseRequestStatus,
    },
    /// The receipt exceeds the outstanding quantity of a line.
    #[error("more than was ordered")]
    ExceedsOrder {
        /// The line.
        item: PurchaseRequestItemId,
        /// The outstanding quantity.
        outstanding: Quantity,
        /// The quantity to receive.
        requested: Quantity,
    },
    /// A line to close has no outstanding quantity.
    #[error("the line is complete")]
    LineComplete {
        /// The line.
        item: PurchaseRequestItemId,
    },
    /// The outstanding quantity of a line would have more digits than a quantity can have.
    #[error("the rest of the line has too many digits")]
    RestTooPrecise {
        /// Its index in the lines of the body.
        index: usize,
    },
    /// The purchase request has no such line.
    #[error("no such line")]
    UnknownItem {
        /// Its index in the lines of the body.
        index: usize,
    },
}

impl PurchaseRequest {
    /// A new draft, with prices in `currency`.
    #[must_use]
    pub fn draft(draft: PurchaseRequestDraft, currency: Currency, at: Timestamp) -> Self {
        let PurchaseRequestDraft { id, request_number, notes, items, created_by } = draft;
        let request = Self {
            id,
            version: 1,
            request_number,
            progress: Progress::Draft,
            notes,
            currency: None,
            items,
            created_by,
            created_at: at,
            updated_at: at,
        };
        request.in_currency(currency)
    }

    /// Its status.
    #[must_use]
    pub fn status(&self) -> PurchaseRequestStatus {
        self.progress.status()
    }

    /// The data of its status.
    #[must_use]
    pub fn milestones(&self) -> Milestones<'_> {
        self.progress.milestones()
    }

    /// Whether that user created it.
    #[must_use]
    pub fn is_of(&self, user: UserId) -> bool {
        self.created_by.id == user
    }

    /// The products it names.
    #[must_use]
    pub fn products(&self) -> BTreeSet<ProductId> {
        self.items.iter().map(|item| item.product_id).collect()
    }

    /// Whether a line has a price.
    #[must_use]
    pub fn has_prices(&self) -> bool {
        self.items.iter().any(|item| item.estimated_price.is_some())
    }

    /// The estimates of its lines.
    #[must_use]
    pub fn estimate(&self) -> Estimate {
        let costs = || self.items.iter().filter_map(PurchaseRequestItem::estimate);
        Estimate {
            total: costs().try_fold(Cost::ZERO, Cost::plus),
            lines: costs().count(),
            lines_without_price: self.items.iter().filter(|item| item.estimated_price.is_none()).count(),
        }
    }

    /// The request with the currency of its prices: its stored currency, otherwise this one.
    #[must_use]
    pub fn in_currency(self, currency: Currency) -> Self {
        let currency = self.has_prices().then(|| self.currency.unwrap_or(currency));
        Self { currency, ..self }
    }

    /// The request with the currency of its organization, if it has prices and stores no currency: requests of earlier
    /// programs did not store it. The currency cannot change while prices exist, so the request shows the same one
    /// until it changes itself.
    #[must_use]
    pub fn stating(self, currency: Currency) -> Self {
        let stated = self.has_prices().then_some(currency);
        Self { currency: self.currency.or(stated), ..self }
    }

    /// The products that the change from `before` to this releases, in the order of the lines.
    pub fn released_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = ProductId> + 'a {
        let lines = self.items.iter().zip(&before.items);
        lines.filter(|(after, before)| after.released && !before.released).map(|(after, _)| after.product_id)
    }

    /// Refuses a change of lines and notes unless the request is a draft.
    ///
    /// # Errors
    /// [`PurchaseError::InvalidTransition`].
    pub fn require_draft(&self) -> Result<(), PurchaseError> {
        if self.status() == PurchaseRequestStatus::Draft {
            return Ok(());
        }
        Err(PurchaseError::InvalidTransition { status: self.status() })
    }

    /// The request after a transition.
    ///
    /// # Errors
    /// [`PurchaseError::InvalidTransition`].
    pub fn apply(&self, transition: &Transition, by: &Person, at: Timestamp) -> Result<Self, PurchaseError> {
        let progress = self.progress.after(transition, Act { by: by.clone(), at });
        let progress = progress.ok_or(PurchaseError::InvalidTransition { status: self.status() })?;
        Ok(Self { progress, ..self.next(at) })
    }

    /// The request after a receipt, and the quantity received of each line, in the order of `lines`.
    ///
    /// # Errors
    /// [`PurchaseError`].
    pub fn receive(
        &self,
        lines: &[ReceivedLine],
        by: &Person,
        at: Timestamp,
    ) -> Result<(Self, Vec<Quantity>), PurchaseError> {
        let (order, closing) = self.order()?;
        let mut next = self.next(at);
        let mut arrived = Vec::with_capacity(lines.len());
        for (index, line) in lines.iter().enumerate() {
            let item = next.line(line.item, index)?;
            let outstanding = item.outstanding();
            let quantity = line.quantity.unwrap_or(outstanding);
            let received = item.received_quantity.plus(quantity).filter(|_| quantity <= outstanding);
            let (true, Some(received)) = (quantity.is_positive(), received) else {
                return Err(PurchaseError::ExceedsOrder { item: item.id, outstanding, requested: quantity });
            };
            item.rest_after(received).ok_or(PurchaseError::RestTooPrecise { index })?;
            item.received_quantity = received;
            item.released |= !item.is_open();
            arrived.push(quantity);
        }
        if next.release_if_complete() {
            let received = Act { by: by.clone(), at };
            next.progress = Progress::Received { order: order.clone(), received, closing: closing.cloned() };
        }
        Ok((next, arrived))
    }

    /// The request after a closing of these lines, or of all open lines.
    ///
    /// # Errors
    /// [`PurchaseError`].
    pub fn close(
        &self,
        lines: Option<&[PurchaseRequestItemId]>,
        reason: Option<CloseReason>,
        by: &Person,
        at: Timestamp,
    ) -> Result<Self, PurchaseError> {
        let (order, _) = self.order()?;
        let (order, mut next) = (order.clone(), self.next(at));
        let open: Vec<_> = next.items.iter().filter(|item| item.is_open()).map(|item| item.id).collect();
        for (index, id) in lines.unwrap_or(&open).iter().enumerate() {
            let item = next.line(*id, index)?;
            if !item.is_open() {
                return Err(PurchaseError::LineComplete { item: *id });
            }
            item.close();
        }
        let closing = Closing { act: Act { by: by.clone(), at }, reason };
        next.progress = if next.release_if_complete() {
            Progress::Closed { order, closing }
        } else {
            Progress::Ordered { order, closing: Some(closing) }
        };
        Ok(next)
    }

    /// The order that can be received, and its last closing.
    fn order(&self) -> Result<(&Order, Option<&Closing>), PurchaseError> {
        if let Progress::Ordered { order, closing } = &self.progress {
            return Ok((order, closing.as_ref()));
        }
        Err(PurchaseError::InvalidTransition { status: self.status() })
    }

    fn line(&mut self, id: PurchaseRequestItemId, index: usize) -> Result<&mut PurchaseRequestItem, PurchaseError> {
        self.items.iter_mut().find(|item| item.id == id).ok_or(PurchaseError::UnknownItem { index })
    }

    /// Releases all products if no line is open, and returns whether that is so.
    fn release_if_complete(&mut self) -> bool {
        let is_complete = self.items.iter().all(|item| !item.is_open());
        if is_complete {
            self.items.iter_mut().for_each(|item| item.released = true);
        }
        is_complete
    }

    /// The next version, with unchanged progress.
    #[must_use]
    pub fn next(&self, at: Timestamp) -> Self {
        Self { version: self.version.saturating_add(1), updated_at: at, ..self.clone() }
    }
}
