//! The effect of movements on stock levels.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    fault::Fault,
    id::{MovementId, ProductId, PurchaseRequestId, TransferId, WarehouseId},
    log::Action,
    named::named_enum,
    quantity::Quantity,
    text::{Notes, ProductName, Reference, Sku, Unit, WarehouseName},
    time::Timestamp,
    user::Person,
};

named_enum! {
    schema: Component "MovementType",
    "The type of a movement in the ledger: `IN` and `TRANSFER_IN` raise the level, `OUT` and `TRANSFER_OUT` lower it, \
     `ADJUSTMENT` corrects it. A transfer consists of a `TRANSFER_OUT` and a `TRANSFER_IN`.", "IN";
    /// The type of a movement in the ledger.
    pub enum MovementType {
        /// Goods came in.
        In = "IN",
        /// Goods went out.
        Out = "OUT",
        /// Goods left for another warehouse.
        TransferOut = "TRANSFER_OUT",
        /// Goods came from another warehouse.
        TransferIn = "TRANSFER_IN",
        /// A correction of the record.
        Adjustment = "ADJUSTMENT",
    }
}

impl MovementType {
    /// Its action in the log.
    #[must_use]
    pub fn action(self) -> Action {
        match self {
            Self::In => Action::StockIn,
            Self::Out => Action::StockOut,
            Self::TransferOut | Self::TransferIn => Action::StockTransfer,
            Self::Adjustment => Action::StockAdjustment,
        }
    }

    /// The signed change of the level by a quantity of this type.
    #[must_use]
    pub fn signed(self, quantity: Quantity) -> Quantity {
        match self {
            Self::In | Self::TransferIn | Self::Adjustment => quantity,
            Self::Out | Self::TransferOut => quantity.negated(),
        }
    }
}

/// A change of stock that a caller records, with a quantity that is valid for its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// This quantity came in.
    In(Quantity),
    /// This quantity went out.
    Out(Quantity),
    /// This quantity went to the other warehouse.
    Transfer(Quantity, WarehouseId),
    /// The level differs from the stock by this quantity.
    Adjustment(Quantity),
    /// This quantity was counted.
    Count(Quantity),
}

impl Operation {
    /// The quantity of the operation.
    #[must_use]
    pub fn quantity(self) -> Quantity {
        match self {
            Self::In(quantity)
            | Self::Out(quantity)
            | Self::Transfer(quantity, _)
            | Self::Adjustment(quantity)
            | Self::Count(quantity) => quantity,
        }
    }
}

/// A movement as its caller describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMovement {
    pub operation: Operation,
    pub product: ProductId,
    pub warehouse: WarehouseId,
    pub reference: Option<Reference>,
    pub notes: Option<Notes>,
    /// When it happened; now by default.
    pub occurred_at: Option<Timestamp>,
}

/// The names of product and warehouse when the movement was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovementNames {
    /// The product's SKU.
    pub sku: Sku,
    /// The product's name.
    pub product_name: ProductName,
    /// The unit of all quantities of the movement.
    pub unit: Unit,
    /// The warehouse's name.
    pub warehouse_name: WarehouseName,
}

/// One line of the ledger. Never changed, never deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// Its id.
    pub id: MovementId,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: MovementType,
    /// The product.
    pub product_id: ProductId,
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// The quantity: positive, but signed for an adjustment.
    pub quantity: Quantity,
    /// The counted quantity, for a count.
    pub counted_quantity: Option<Quantity>,
    /// The level after it.
    pub balance_after: Quantity,
    /// 1, 2, 3, ... per product and warehouse, without gaps.
    pub sequence: u64,
    /// The reference document.
    pub reference: Option<Reference>,
    /// Notes.
    pub notes: Option<Notes>,
    /// Joins the two legs of a transfer.
    pub transfer_id: Option<TransferId>,
    /// The purchase request of a receipt.
    pub purchase_request_id: Option<PurchaseRequestId>,
    /// When it happened, according to the caller.
    pub occurred_at: Timestamp,
    /// When it was recorded; never before the previous sequence.
    pub created_at: Timestamp,
    /// The user who recorded it.
    pub created_by: Person,
    /// None for movements that were recorded before names were stored.
    #[serde(flatten)]
    pub names: Option<MovementNames>,
}

/// The quantity of a product in a warehouse, and the number of its movements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Balance {
    /// The level; never below zero.
    pub on_hand: Quantity,
    /// The sequence of the last movement, 0 before the first.
    pub sequence: u64,
}

/// The result of a movement on a balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    pub kind: MovementType,
    pub quantity: Quantity,
    pub counted: Option<Quantity>,
    pub balance: Balance,
}

/// Why the state of the stock forbids a movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StockError {
    /// The level would fall below zero.
    #[error("there is not enough on hand")]
    Insufficient {
        /// The quantity on hand.
        available: Quantity,
        /// The quantity to take.
        requested: Quantity,
    },
    /// The level would have more digits than a quantity.
    #[error("the level would be too large or too fine to be recorded")]
    LevelOutOfRange,
}

impl Balance {
    /// The balance after a movement of this type and quantity. It decides every movement.
    fn post(self, kind: MovementType, quantity: Quantity, counted: Option<Quantity>) -> Result<Posting, StockError> {
        let signed = kind.signed(quantity);
        let on_hand = self.on_hand.plus(signed).ok_or(StockError::LevelOutOfRange)?;
        if on_hand.is_negative() {
            return Err(StockError::Insufficient { available: self.on_hand, requested: signed.negated() });
        }
        let balance = Self { on_hand, sequence: self.sequence.saturating_add(1) };
        Ok(Posting { kind, quantity, counted, balance })
    }

    /// The posting of an operation in its own warehouse; of a transfer, the out leg.
    ///
    /// # Errors
    /// [`StockError::Insufficient`] when the level would fall below zero.
    pub fn apply(self, operation: Operation) -> Result<Posting, StockError> {
        match operation {
            Operation::In(quantity) => self.post(MovementType::In, quantity, None),
            Operation::Out(quantity) => self.post(MovementType::Out, quantity, None),
            Operation::Transfer(quantity, _) => self.post(MovementType::TransferOut, quantity, None),
            Operation::Adjustment(quantity) => self.post(MovementType::Adjustment, quantity, None),
            Operation::Count(counted) => {
                let difference = counted.minus(self.on_hand).ok_or(StockError::LevelOutOfRange)?;
                self.post(MovementType::Adjustment, difference, Some(counted))
            }
        }
    }

    /// The in leg of a transfer, in its destination.
    ///
    /// # Errors
    /// [`StockError::LevelOutOfRange`].
    pub fn receive_transfer(self, quantity: Quantity) -> Result<Posting, StockError> {
        self.post(MovementType::TransferIn, quantity, None)
    }

    /// Whether the level is below the minimum, and therefore listed as low.
    #[must_use]
    pub fn is_below(self, minimum: Quantity) -> bool {
        self.on_hand < minimum
    }
}

/// How far in the future `occurred_at` may be: the clocks of people and devices differ.
const MAX_AHEAD: Duration = Duration::from_hours(24);

/// Refuses a later `occurred_at`.
///
/// # Errors
/// `out_of_range`.
pub fn admit_occurred_at(occurred_at: Timestamp, now: Timestamp) -> Result<(), Fault> {
    if occurred_at > now.plus(MAX_AHEAD) {
        return Err(Fault::new("out_of_range", "must be at most one day in the future"));
    }
    Ok(())
}

/// Refuses a quantity that is invalid for the type of its operation.
///
/// # Errors
/// `out_of_range`, with a sentence for the caller.
pub fn admit(operation: Operation) -> Result<(), Fault> {
    let (admitted, rule) = match operation {
        Operation::In(quantity) | Operation::Out(quantity) | Operation::Transfer(quantity, _) => {
            (quantity.is_positive(), "must be above 0")
        }
        Operation::Adjustment(quantity) => (quantity != Quantity::ZERO, "must not be 0"),
        Operation::Count(quantity) => (!quantity.is_negative(), "must not be below 0"),
    };
    if admitted { Ok(()) } else { Err(Fault::new("out_of_range", rule)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn operations() -> impl Strategy<Value = Operation> {
        let quantity = || (0_u32..500).prop_map(Quantity::from);
        prop_oneof![
            quantity().prop_map(Operation::In),
            quantity().prop_map(Operation::Out),
            (-500_i32..500).prop_map(|n| Operation::Adjustment(n.to_string().parse().unwrap())),
            quantity().prop_map(Operation::Count),
        ]
        .prop_filter("suits its type", |operation| admit(*operation).is_ok())
    }

    proptest! {
        #[test]
        fn apply_of_movements_keeps_the_sum_and_the_sequence(operations in prop::collection::vec(operations(), 0..60)) {
            let mut balance = Balance::default();
            let mut sum = Quantity::ZERO;
            for operation in operations {
                match balance.apply(operation) {
                    Ok(posting) => {
                        sum = sum.plus(posting.kind.signed(posting.quantity)).unwrap();
                        prop_assert_eq!(posting.balance.sequence, balance.sequence + 1);
                        prop_assert_eq!(posting.balance.on_hand, sum);
                        prop_assert!(!posting.balance.on_hand.is_negative());
                        if let Operation::Count(counted) = operation {
                            prop_assert_eq!(posting.balance.on_hand, counted);
                        }
                        balance = posting.balance;
                    }
                    Err(StockError::Insufficient { available, requested }) => {
                        prop_assert_eq!(available, balance.on_hand);
                        prop_assert!(requested > available);
                    }
                    Err(StockError::LevelOutOfRange) => prop_assert!(false, "small numbers fit"),
                }
            }
        }
    }

    #[test]
    fn apply_of_a_count_without_a_difference_records_zero() {
        let level = Balance { on_hand: Quantity::from(7), sequence: 3 };
        let posting = level.apply(Operation::Count(Quantity::from(7))).unwrap();
        assert_eq!((posting.quantity, posting.balance.sequence), (Quantity::ZERO, 4));
    }

    #[test]
    fn apply_above_the_largest_quantity_is_level_out_of_range() {
        let level = Balance { on_hand: "999999999999999".parse().unwrap(), sequence: 1 };
        assert_eq!(level.apply(Operation::In("0.5".parse().unwrap())), Err(StockError::LevelOutOfRange));
    }
}
