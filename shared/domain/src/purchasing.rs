//! Asking to buy, and what becomes of it: the one state machine of a purchase request.

mod status;

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use self::status::{RequestStatus, Step};
use crate::{
    fault::Fault,
    id::{ProductId, PurchaseRequestId, RequestItemId, SupplierId, UserId, WarehouseId},
    money::Money,
    organization::Currency,
    quantity::Quantity,
    text::{CloseReason, Notes, ProductName, RejectionReason, Sku, SupplierName, Unit, WarehouseName},
    time::Timestamp,
    user::Person,
};

/// The most lines of a request.
pub const MOST_LINES: usize = 40;
/// The most lines of one receipt.
pub const MAX_RECEIVED_LINES: usize = 30;
/// The most actions of one transaction of the table.
pub const MAX_ACTIONS: usize = 100;

/// The most actions that a receipt takes: the request, its log entry and a stored response; a level, a movement and a
/// product for each line; and the warehouses. 30 lines fit into 7 warehouses, 24 lines into one each.
#[must_use]
pub fn receipt_actions(lines: usize, warehouses: usize) -> usize {
    lines.saturating_mul(3).saturating_add(warehouses).saturating_add(3)
}

/// A request's number in its organization, written `PR-00001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestNumber(pub u64);

crate::text::serialize_as_text!(RequestNumber);
crate::schema::has_schema!(RequestNumber, {
    let about = "The request's number in its organization; never used twice.";
    schemars::json_schema!({"description": about, "type": "string", "pattern": "^PR-[0-9]{5,}$", "examples": ["PR-00001"]})
});

impl FromStr for RequestNumber {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let number = text.strip_prefix("PR-").and_then(|number| number.parse().ok()).map(Self);
        number.ok_or_else(|| Fault::new("invalid_format", "must be a number such as PR-00001"))
    }
}

impl fmt::Display for RequestNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PR-{:05}", self.0)
    }
}

/// A request to buy, lines and all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseRequest {
    pub id: PurchaseRequestId,
    pub version: u64,
    pub request_number: RequestNumber,
    pub status: RequestStatus,
    pub notes: Option<Notes>,
    /// What its prices are in; none without prices, and in requests that earlier programs wrote.
    #[serde(default)]
    pub currency: Option<Currency>,
    pub items: Vec<RequestItem>,
    pub created_by: Person,
    pub submitted_at: Option<Timestamp>,
    pub approved_by: Option<Person>,
    pub approved_at: Option<Timestamp>,
    pub rejected_by: Option<Person>,
    pub rejected_at: Option<Timestamp>,
    pub rejection_reason: Option<RejectionReason>,
    pub ordered_at: Option<Timestamp>,
    /// Who recorded the last receipt, once all has arrived.
    pub received_by: Option<Person>,
    pub received_at: Option<Timestamp>,
    pub cancelled_by: Option<Person>,
    pub cancelled_at: Option<Timestamp>,
    /// Who last closed it, or some of its lines, although not all had arrived.
    #[serde(default)]
    pub closed_by: Option<Person>,
    #[serde(default)]
    pub closed_at: Option<Timestamp>,
    #[serde(default)]
    pub close_reason: Option<CloseReason>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A line of a request: a quantity of a product. It keeps the names of what it refers to as they were when it was written.
/// Lines that earlier programs wrote have no unit and no names of supplier and warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestItem {
    pub id: RequestItemId,
    pub product_id: ProductId,
    pub sku: Sku,
    pub product_name: ProductName,
    #[serde(default)]
    pub unit: Option<Unit>,
    pub quantity: Quantity,
    /// How much of it has arrived; never more than `quantity`.
    pub received_quantity: Quantity,
    /// How much of it was closed before it arrived; with what has arrived never more than `quantity`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cancelled_quantity: Quantity,
    /// For one unit.
    pub estimated_price: Option<Money>,
    pub supplier_id: Option<SupplierId>,
    #[serde(default)]
    pub supplier_name: Option<SupplierName>,
    /// Where it is wanted.
    pub warehouse_id: Option<WarehouseId>,
    #[serde(default)]
    pub warehouse_name: Option<WarehouseName>,
    /// Whether its product no longer counts it while the request is open. Lines that were complete before lines released
    /// their products do so at the end of the request.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub released: bool,
}

fn is_zero(quantity: &Quantity) -> bool {
    *quantity == Quantity::ZERO
}

impl RequestItem {
    /// How much has yet to arrive. No receipt leaves a rest that has more digits than a quantity.
    #[must_use]
    pub fn outstanding(&self) -> Quantity {
        self.rest_after(self.received_quantity).unwrap_or_default()
    }

    /// How much has yet to arrive once that much has; `None` where that has more digits than a quantity.
    fn rest_after(&self, received: Quantity) -> Option<Quantity> {
        self.quantity.minus(received.plus(self.cancelled_quantity)?)
    }

    /// Whether some of it has yet to arrive.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.outstanding().is_positive()
    }

    /// Cancels what has yet to arrive.
    fn close(&mut self) {
        self.cancelled_quantity = self.cancelled_quantity.plus(self.outstanding()).unwrap_or(self.cancelled_quantity);
        self.released = true;
    }
}

/// A line as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLine {
    pub product: ProductId,
    pub quantity: Quantity,
    pub estimated_price: Option<Money>,
    pub supplier: Option<SupplierId>,
    pub warehouse: Option<WarehouseId>,
}

/// What arrived of a line, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceivedLine {
    pub item: RequestItemId,
    /// None for the one that the line names.
    pub warehouse: Option<WarehouseId>,
    /// None for all that has yet to arrive.
    pub quantity: Option<Quantity>,
}

/// Why the state of a request forbids something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PurchaseError {
    /// Its status does not allow it.
    #[error("the status does not allow it")]
    InvalidTransition {
        /// The status it has.
        status: RequestStatus,
    },
    /// More would arrive of a line than was ordered and has not arrived.
    #[error("more than was ordered")]
    ExceedsOrder {
        /// The line.
        item: RequestItemId,
        /// What has yet to arrive.
        outstanding: Quantity,
        /// What was to be received.
        requested: Quantity,
    },
    /// A line is to be closed of which nothing has yet to arrive.
    #[error("the line is complete")]
    LineComplete {
        /// The line.
        item: RequestItemId,
    },
    /// What would be left of a line has more digits than a quantity can have.
    #[error("the rest of the line has too many digits")]
    RestTooPrecise {
        /// Where it stands among the lines that were sent.
        index: usize,
    },
    /// It has no such line.
    #[error("no such line")]
    UnknownItem {
        /// Where it stands among the lines that were sent.
        index: usize,
    },
}

impl PurchaseRequest {
    /// Whether it is that user's own.
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

    /// The request with its prices in a currency; if it has stated one for its prices, in that.
    #[must_use]
    pub fn in_currency(self, currency: Currency) -> Self {
        let currency = self.has_prices().then(|| self.currency.unwrap_or(currency));
        Self { currency, ..self }
    }

    /// The same request with the currency of its organization, if it has prices and stores none: one from before requests
    /// stored it. The currency cannot change while there are prices, so the request shows the same until it changes itself.
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

    /// Refuses a change of what it asks for, unless it is still being written.
    ///
    /// # Errors
    /// [`PurchaseError::InvalidTransition`].
    pub fn require_draft(&self) -> Result<(), PurchaseError> {
        if self.status == RequestStatus::Draft {
            return Ok(());
        }
        Err(PurchaseError::InvalidTransition { status: self.status })
    }

    /// The request after a step by somebody.
    ///
    /// # Errors
    /// [`PurchaseError::InvalidTransition`].
    pub fn take(&self, step: &Step, by: &Person, at: Timestamp) -> Result<Self, PurchaseError> {
        let status = self.status.after(step).ok_or(PurchaseError::InvalidTransition { status: self.status })?;
        let next = self.next(status, at);
        let (by, at) = (Some(by.clone()), Some(at));
        Ok(match step {
            Step::Submit => Self { submitted_at: at, ..next },
            Step::Approve => Self { approved_by: by, approved_at: at, ..next },
            Step::Reject(reason) => {
                Self { rejected_by: by, rejected_at: at, rejection_reason: Some(reason.clone()), ..next }
            }
            Step::MarkOrdered => Self { ordered_at: at, ..next },
            Step::Cancel => Self { cancelled_by: by, cancelled_at: at, ..next },
        })
    }

    /// The request after goods arrived for some of its lines, and how much arrived of each, in the order of `lines`.
    ///
    /// # Errors
    /// [`PurchaseError`], nothing of which has happened.
    pub fn receive(
        &self,
        lines: &[ReceivedLine],
        by: &Person,
        at: Timestamp,
    ) -> Result<(Self, Vec<Quantity>), PurchaseError> {
        let mut next = self.next_of_order(at)?;
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
        if next.end_if_complete() {
            next.received_by = Some(by.clone());
            next.received_at = Some(at);
        }
        Ok((next, arrived))
    }

    /// The request after nothing more is expected of some lines, or of all without `lines`.
    ///
    /// # Errors
    /// [`PurchaseError`], nothing of which has happened.
    pub fn close(
        &self,
        lines: Option<&[RequestItemId]>,
        reason: Option<CloseReason>,
        by: &Person,
        at: Timestamp,
    ) -> Result<Self, PurchaseError> {
        let mut next = self.next_of_order(at)?;
        let open: Vec<_> = next.items.iter().filter(|item| item.is_open()).map(|item| item.id).collect();
        for (index, id) in lines.unwrap_or(&open).iter().enumerate() {
            let item = next.line(*id, index)?;
            if !item.is_open() {
                return Err(PurchaseError::LineComplete { item: *id });
            }
            item.close();
        }
        next.end_if_complete();
        Ok(Self { closed_by: Some(by.clone()), closed_at: Some(at), close_reason: reason, ..next })
    }

    /// The next version of an order.
    fn next_of_order(&self, at: Timestamp) -> Result<Self, PurchaseError> {
        if self.status == RequestStatus::Ordered {
            Ok(self.next(RequestStatus::Ordered, at))
        } else {
            Err(PurchaseError::InvalidTransition { status: self.status })
        }
    }

    fn line(&mut self, id: RequestItemId, index: usize) -> Result<&mut RequestItem, PurchaseError> {
        self.items.iter_mut().find(|item| item.id == id).ok_or(PurchaseError::UnknownItem { index })
    }

    /// Ends an order of which nothing more is expected; it holds no product any more. Tells whether it did.
    fn end_if_complete(&mut self) -> bool {
        let is_complete = self.items.iter().all(|item| !item.is_open());
        if is_complete {
            self.status = RequestStatus::Received;
            self.items.iter_mut().for_each(|item| item.released = true);
        }
        is_complete
    }

    /// The next version, with another status.
    #[must_use]
    pub fn next(&self, status: RequestStatus, at: Timestamp) -> Self {
        Self { version: self.version.saturating_add(1), status, updated_at: at, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::Id as _;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis).unwrap()
    }

    fn person() -> Person {
        Person { id: UserId::from_parts(at(1), [1; 10]), full_name: "Sam".parse().unwrap() }
    }

    fn request(quantities: &[u32]) -> PurchaseRequest {
        let id = PurchaseRequestId::from_parts(at(2), [2; 10]);
        let item = |(index, quantity): (usize, &u32)| {
            let product = ProductId::from_parts(at(3), [u8::try_from(index).unwrap(); 10]);
            RequestItem {
                id: RequestItemId::of(product, id),
                product_id: product,
                sku: "A".parse().unwrap(),
                product_name: "A".parse().unwrap(),
                quantity: Quantity::from(*quantity),
                unit: None,
                received_quantity: Quantity::ZERO,
                cancelled_quantity: Quantity::ZERO,
                estimated_price: None,
                supplier_id: None,
                supplier_name: None,
                warehouse_id: None,
                warehouse_name: None,
                released: false,
            }
        };
        PurchaseRequest {
            id,
            version: 1,
            request_number: RequestNumber(1),
            status: RequestStatus::Draft,
            notes: None,
            currency: None,
            items: quantities.iter().enumerate().map(item).collect(),
            created_by: person(),
            submitted_at: None,
            approved_by: None,
            approved_at: None,
            rejected_by: None,
            rejected_at: None,
            rejection_reason: None,
            ordered_at: None,
            received_by: None,
            received_at: None,
            cancelled_by: None,
            cancelled_at: None,
            closed_by: None,
            closed_at: None,
            close_reason: None,
            created_at: at(1),
            updated_at: at(1),
        }
    }

    fn steps() -> impl Strategy<Value = Step> {
        prop_oneof![
            Just(Step::Submit),
            Just(Step::Approve),
            Just(Step::Reject("too dear".parse().unwrap())),
            Just(Step::MarkOrdered),
            Just(Step::Cancel),
        ]
    }

    /// The ways through the contract, written down a second time.
    const WAYS: [(&str, RequestStatus, RequestStatus); 6] = [
        ("Submit", RequestStatus::Draft, RequestStatus::Submitted),
        ("Approve", RequestStatus::Submitted, RequestStatus::Approved),
        ("Reject", RequestStatus::Submitted, RequestStatus::Rejected),
        ("MarkOrdered", RequestStatus::Approved, RequestStatus::Ordered),
        ("Cancel", RequestStatus::Submitted, RequestStatus::Cancelled),
        ("Cancel", RequestStatus::Approved, RequestStatus::Cancelled),
    ];

    proptest! {
        #[test]
        fn apply_of_a_transition_from_another_status_is_invalid_transition(steps in prop::collection::vec(steps(), 0..12)) {
            let mut request = request(&[1]);
            for step in steps {
                let name = format!("{step:?}");
                let way = WAYS.iter().find(|(known, from, _)| name.starts_with(known) && *from == request.status);
                match (request.take(&step, &person(), at(5)), way) {
                    (Ok(next), Some((_, _, to))) => {
                        prop_assert_eq!(next.status, *to);
                        prop_assert_eq!(next.version, request.version + 1);
                        request = next;
                    }
                    (Err(PurchaseError::InvalidTransition { status }), None) => prop_assert_eq!(status, request.status),
                    (other, way) => prop_assert!(false, "{other:?} {way:?}"),
                }
            }
        }

        #[test]
        fn receive_and_close_never_exceed_the_ordered_quantity(
            ordered in prop::collection::vec(1_u32..20, 1..5),
            steps in prop::collection::vec((0_usize..5, prop::option::of(0_u32..12), prop::bool::weighted(0.2)), 0..30),
        ) {
            let mut request = PurchaseRequest { status: RequestStatus::Ordered, ..request(&ordered) };
            let mut sums = vec![Quantity::ZERO; ordered.len()];
            let ended = PurchaseError::InvalidTransition { status: RequestStatus::Received };
            for (index, quantity, closes) in steps {
                let Some(item) = request.items.get(index).cloned() else { continue };
                let line = ReceivedLine { item: item.id, warehouse: None, quantity: quantity.map(Quantity::from) };
                let result = if closes {
                    request.close(Some(&[item.id]), None, &person(), at(6)).map(|next| (next, vec![Quantity::ZERO]))
                } else {
                    request.receive(&[line], &person(), at(6))
                };
                match result {
                    Ok((next, arrived)) => {
                        sums[index] = sums[index].plus(arrived[0]).unwrap();
                        prop_assert!(closes || arrived[0].is_positive());
                        let released: Vec<_> = next.released_since(&request).collect();
                        prop_assert_eq!(released.contains(&item.product_id), !next.items[index].is_open());
                        prop_assert!(released.len() <= 1);
                        request = next;
                    }
                    Err(PurchaseError::ExceedsOrder { outstanding, .. }) => {
                        prop_assert_eq!(outstanding, item.outstanding());
                    }
                    Err(PurchaseError::LineComplete { item: id }) => {
                        prop_assert_eq!((id, item.is_open(), closes), (item.id, false, true));
                    }
                    Err(error) => prop_assert_eq!(error, ended),
                }
                for (item, sum) in request.items.iter().zip(&sums) {
                    prop_assert_eq!(item.received_quantity, *sum);
                    prop_assert!(item.received_quantity.plus(item.cancelled_quantity).unwrap() <= item.quantity);
                    prop_assert_eq!(item.released, !item.is_open());
                }
                let is_complete = request.items.iter().all(|item| !item.is_open());
                prop_assert_eq!(request.status == RequestStatus::Received, is_complete);
            }
        }
    }

    #[test]
    fn released_since_includes_old_complete_lines_at_the_end() {
        let mut old = PurchaseRequest { status: RequestStatus::Ordered, ..request(&[5, 3, 2]) };
        old.items[0].received_quantity = Quantity::from(5_u32);
        let products: Vec<_> = old.items.iter().map(|item| item.product_id).collect();
        let line = ReceivedLine { item: old.items[1].id, warehouse: None, quantity: None };
        let (next, _) = old.receive(&[line], &person(), at(6)).unwrap();
        assert_eq!(next.released_since(&old).collect::<Vec<_>>(), products[1..2]);
        let last = next.close(None, None, &person(), at(7)).unwrap();
        assert_eq!(last.status, RequestStatus::Received);
        assert_eq!(last.released_since(&next).collect::<Vec<_>>(), [products[0], products[2]]);
    }

    #[test]
    fn receipt_of_the_most_lines_fits_into_a_transaction() {
        assert_eq!(receipt_actions(MAX_RECEIVED_LINES, 7), MAX_ACTIONS);
        assert!(receipt_actions(24, 24) <= MAX_ACTIONS && receipt_actions(20, 15) <= MAX_ACTIONS);
    }

    #[test]
    fn request_number_prints_at_least_five_digits() {
        for (number, written) in [(7, "PR-00007"), (123_456, "PR-123456")] {
            assert_eq!(RequestNumber(number).to_string(), written);
            assert_eq!(written.parse::<RequestNumber>().unwrap(), RequestNumber(number));
        }
        assert!("00007".parse::<RequestNumber>().is_err());
    }
}
