//! Asking to buy, and what becomes of it: the one state machine of a purchase request.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    fault::Fault,
    id::{ProductId, PurchaseRequestId, RequestItemId, SupplierId, UserId, WarehouseId},
    log::Action,
    money::Money,
    quantity::Quantity,
    text::{Notes, ProductName, RejectionReason, Sku},
    time::Timestamp,
    user::Person,
};

/// The most lines of a request.
pub const MOST_LINES: usize = 40;
/// The most lines of one receipt.
pub const MOST_RECEIVED_LINES: usize = 20;
/// The most warehouses that one receipt goes into, so that it fits into one transaction of 100 actions: the request and
/// its log entry, a kept answer, a level and a movement a line, a product for each of the request's lines, the warehouses.
pub const MOST_RECEIVING_WAREHOUSES: usize = 15;

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RequestStatus {
    /// Being written.
    Draft,
    /// Waits for a decision.
    Submitted,
    /// May be ordered.
    Approved,
    /// Was declined. Final.
    Rejected,
    /// Was ordered; part of it may have arrived.
    Ordered,
    /// All of it has arrived. Final.
    Received,
    /// Was given up. Final.
    Cancelled,
}

crate::schema::has_schema!(named RequestStatus, {
    crate::schema::words("How far a purchase request has come.", RequestStatus::ALL.map(RequestStatus::name))
});

/// What moves a request from one status to the next. Receiving is its own operation, since it brings goods.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Step {
    Submit,
    Approve,
    Reject(RejectionReason),
    MarkOrdered,
    Cancel,
}

impl RequestStatus {
    /// All of them, in the order of a request's life.
    pub const ALL: [Self; 7] =
        [Self::Draft, Self::Submitted, Self::Approved, Self::Rejected, Self::Ordered, Self::Received, Self::Cancelled];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Submitted => "SUBMITTED",
            Self::Approved => "APPROVED",
            Self::Rejected => "REJECTED",
            Self::Ordered => "ORDERED",
            Self::Received => "RECEIVED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// Whether something may still come of it; an open request holds the products it names.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::Draft | Self::Submitted | Self::Approved | Self::Ordered => true,
            Self::Rejected | Self::Received | Self::Cancelled => false,
        }
    }

    /// The status after a step; `None` where the step is not open to it.
    #[must_use]
    pub fn after(self, step: &Step) -> Option<Self> {
        match (step, self) {
            (Step::Submit, Self::Draft) => Some(Self::Submitted),
            (Step::Approve, Self::Submitted) => Some(Self::Approved),
            (Step::Reject(_), Self::Submitted) => Some(Self::Rejected),
            (Step::MarkOrdered, Self::Approved) => Some(Self::Ordered),
            (Step::Cancel, Self::Submitted | Self::Approved) => Some(Self::Cancelled),
            (Step::Submit | Step::Approve | Step::Reject(_) | Step::MarkOrdered | Step::Cancel, _) => None,
        }
    }
}

impl FromStr for RequestStatus {
    type Err = Fault;

    fn from_str(name: &str) -> Result<Self, Fault> {
        Self::ALL.into_iter().find(|status| status.name() == name).ok_or_else(|| {
            Fault::new(
                "unknown_value",
                "must be one of DRAFT, SUBMITTED, APPROVED, REJECTED, ORDERED, RECEIVED, CANCELLED",
            )
        })
    }
}

impl Step {
    /// What the log calls it.
    #[must_use]
    pub fn action(&self) -> Action {
        match self {
            Self::Submit => Action::Submit,
            Self::Approve => Action::Approve,
            Self::Reject(_) => Action::Reject,
            Self::MarkOrdered => Action::MarkOrdered,
            Self::Cancel => Action::Cancel,
        }
    }
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
#[expect(missing_docs, reason = "the names say it all")]
pub struct PurchaseRequest {
    pub id: PurchaseRequestId,
    pub version: u64,
    pub request_number: RequestNumber,
    pub status: RequestStatus,
    pub notes: Option<Notes>,
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
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A line of a request: so much of a product. What the product was called when the line was written stays with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it all")]
pub struct RequestItem {
    pub id: RequestItemId,
    pub product_id: ProductId,
    pub sku: Sku,
    pub product_name: ProductName,
    pub quantity: Quantity,
    /// How much of it has arrived; never more than `quantity`.
    pub received_quantity: Quantity,
    /// For one unit.
    pub estimated_price: Option<Money>,
    pub supplier_id: Option<SupplierId>,
    /// Where it is wanted.
    pub warehouse_id: Option<WarehouseId>,
}

impl RequestItem {
    /// How much has yet to arrive.
    #[must_use]
    pub fn outstanding(&self) -> Quantity {
        self.quantity.minus(self.received_quantity).unwrap_or_default()
    }
}

/// A line as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it all")]
pub struct NewLine {
    pub product: ProductId,
    pub quantity: Quantity,
    pub estimated_price: Option<Money>,
    pub supplier: Option<SupplierId>,
    pub warehouse: Option<WarehouseId>,
}

/// What arrived of a line, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it all")]
pub struct ReceivedLine {
    pub item: RequestItemId,
    pub warehouse: WarehouseId,
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
    /// It has no such line.
    #[error("no such line")]
    UnknownItem {
        /// Where it stands in the receipt.
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
        if self.status != RequestStatus::Ordered {
            return Err(PurchaseError::InvalidTransition { status: self.status });
        }
        let mut next = self.next(RequestStatus::Ordered, at);
        let mut arrived = Vec::with_capacity(lines.len());
        for (index, line) in lines.iter().enumerate() {
            let item = next.items.iter_mut().find(|item| item.id == line.item);
            let item = item.ok_or(PurchaseError::UnknownItem { index })?;
            let outstanding = item.outstanding();
            let quantity = line.quantity.unwrap_or(outstanding);
            let received = item.received_quantity.plus(quantity).filter(|received| *received <= item.quantity);
            let (true, Some(received)) = (quantity.is_positive(), received) else {
                return Err(PurchaseError::ExceedsOrder { item: item.id, outstanding, requested: quantity });
            };
            item.received_quantity = received;
            arrived.push(quantity);
        }
        if next.items.iter().all(|item| !item.outstanding().is_positive()) {
            next.status = RequestStatus::Received;
            next.received_by = Some(by.clone());
            next.received_at = Some(at);
        }
        Ok((next, arrived))
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
                received_quantity: Quantity::ZERO,
                estimated_price: None,
                supplier_id: None,
                warehouse_id: None,
            }
        };
        PurchaseRequest {
            id,
            version: 1,
            request_number: RequestNumber(1),
            status: RequestStatus::Draft,
            notes: None,
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
        fn only_the_ways_of_the_contract_are_open(steps in prop::collection::vec(steps(), 0..12)) {
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
        fn never_more_arrives_than_was_ordered(
            ordered in prop::collection::vec(1_u32..20, 1..5),
            receipts in prop::collection::vec((0_usize..5, prop::option::of(0_u32..12)), 0..30),
        ) {
            let mut request = PurchaseRequest { status: RequestStatus::Ordered, ..request(&ordered) };
            let warehouse = WarehouseId::from_parts(at(4), [4; 10]);
            let mut sums = vec![Quantity::ZERO; ordered.len()];
            for (index, quantity) in receipts {
                let Some(item) = request.items.get(index).cloned() else { continue };
                let line = ReceivedLine { item: item.id, warehouse, quantity: quantity.map(Quantity::from) };
                match request.receive(&[line], &person(), at(6)) {
                    Ok((next, arrived)) => {
                        sums[index] = sums[index].plus(arrived[0]).unwrap();
                        prop_assert!(arrived[0].is_positive());
                        request = next;
                    }
                    Err(PurchaseError::ExceedsOrder { outstanding, .. }) => {
                        prop_assert_eq!(outstanding, item.outstanding());
                    }
                    Err(error) => prop_assert_eq!(error, PurchaseError::InvalidTransition { status: RequestStatus::Received }),
                }
                for (item, sum) in request.items.iter().zip(&sums) {
                    prop_assert_eq!(item.received_quantity, *sum);
                    prop_assert!(*sum <= item.quantity);
                }
                let all_in = request.items.iter().all(|item| item.received_quantity == item.quantity);
                prop_assert_eq!(request.status == RequestStatus::Received, all_in);
            }
        }
    }

    #[test]
    fn numbers_have_five_digits_and_grow_beyond() {
        for (number, written) in [(7, "PR-00007"), (123_456, "PR-123456")] {
            assert_eq!(RequestNumber(number).to_string(), written);
            assert_eq!(written.parse::<RequestNumber>().unwrap(), RequestNumber(number));
        }
        assert!("00007".parse::<RequestNumber>().is_err());
    }
}
