//! Errors of the store. They know no HTTP.

use std::{borrow::Cow, time::Duration};

use stockroom_domain::{
    fault::Fault,
    id::PurchaseRequestItemId,
    purchasing::{PurchaseError, PurchaseRequestStatus},
    quantity::Quantity,
    stock::StockError,
};

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The session has ended, or its user or organization is no longer active.
    #[error("the session is over")]
    Unauthenticated,
    /// The request names another tenant than the caller's.
    #[error("the tenant named is not the caller's")]
    TenantMismatch,
    /// The caller's role does not permit it.
    #[error("the role does not permit it")]
    Forbidden,
    /// Not found for this caller.
    #[error("not found")]
    NotFound,
    /// The resource has another version than the expected one.
    #[error("the version has changed")]
    VersionMismatch,
    /// The state forbids it.
    #[error("conflict: {0:?}")]
    Conflict(Conflict),
    /// References or values of the request do not fit the stored state, each named by its path in the body, such as
    /// `product_id` or `items/0/product_id`.
    #[error("members do not fit the state")]
    Rejected(Vec<(Cow<'static, str>, Fault)>),
    /// A deletion lacks its confirmation.
    #[error("the deletion is not confirmed")]
    Unconfirmed,
    /// The idempotency key was used with another body.
    #[error("the idempotency key was used with another body")]
    IdempotencyKeyReused,
    /// A rate limit refused the request; nothing was done.
    #[error("too many requests under the limit {}", .0.limit)]
    TooMany(TooMany),
    /// The table is unreachable or throttles, or a race was not won in time. Safe to retry.
    #[error("the table is unavailable: {0}")]
    Unavailable(String),
    /// An error in this program or its data; the text is for the log only.
    #[error("internal: {0}")]
    Internal(String),
}

/// A refusal by a rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// The name of the limit.
    pub limit: &'static str,
    /// Time until the next token.
    pub wait: Duration,
}

/// A rule that the state would break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// Another product has the SKU.
    DuplicateSku,
    /// Another user has the address.
    DuplicateEmail,
    /// Another organization has the subdomain.
    DuplicateSubdomain,
    /// It still has stock.
    InStock,
    /// An open purchase request names it.
    InOpenRequest,
    /// Purchase requests have prices in the organization's currency.
    Priced,
    /// Movements are recorded in the product's unit.
    QuantitiesRecorded,
    /// Open purchase requests have quantities in the product's unit.
    QuantitiesRequested,
    /// The purchase request's status does not allow it.
    InvalidTransition {
        /// The status it has.
        status: PurchaseRequestStatus,
    },
    /// The receipt exceeds the outstanding quantity.
    ExceedsOrder {
        /// The line.
        item: PurchaseRequestItemId,
        /// The outstanding quantity.
        outstanding: Quantity,
        /// The quantity to receive.
        requested: Quantity,
    },
    /// A line to close has no outstanding quantity.
    LineComplete {
        /// The line.
        item: PurchaseRequestItemId,
    },
    /// The organization would have no active admin.
    LastAdmin,
    /// Users cannot delete themselves.
    CannotDeleteSelf,
    /// There is less stock than the movement takes.
    InsufficientStock {
        /// The quantity on hand.
        available: Quantity,
        /// The quantity to take.
        requested: Quantity,
    },
    /// The level would have more digits than a quantity.
    LevelOutOfRange,
}

impl StoreError {
    /// Whether the present state caused it. A first attempt with a lost reply may have made that state.
    pub(crate) fn is_from_state(&self) -> bool {
        matches!(
            self,
            Self::NotFound | Self::VersionMismatch | Self::Conflict(_) | Self::Rejected(_) | Self::TooMany(_)
        )
    }

    /// A reference to something that the caller does not have.
    pub(crate) fn unknown(member: impl Into<Cow<'static, str>>, what: &str) -> Self {
        Self::Rejected(vec![(member.into(), unknown(what))])
    }

    pub(crate) fn internal(error: impl std::fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<TooMany> for StoreError {
    fn from(refusal: TooMany) -> Self {
        Self::TooMany(refusal)
    }
}

impl From<StockError> for StoreError {
    fn from(error: StockError) -> Self {
        Self::Conflict(match error {
            StockError::Insufficient { available, requested } => Conflict::InsufficientStock { available, requested },
            StockError::LevelOutOfRange => Conflict::LevelOutOfRange,
        })
    }
}

impl From<PurchaseError> for StoreError {
    fn from(error: PurchaseError) -> Self {
        Self::Conflict(match error {
            PurchaseError::InvalidTransition { status } => Conflict::InvalidTransition { status },
            PurchaseError::ExceedsOrder { item, outstanding, requested } => {
                Conflict::ExceedsOrder { item, outstanding, requested }
            }
            PurchaseError::LineComplete { item } => Conflict::LineComplete { item },
            PurchaseError::RestTooPrecise { index } => {
                let fault =
                    Fault::new("out_of_range", "leaves an outstanding quantity of the line with more than 15 digits");
                return Self::Rejected(vec![(format!("items/{index}/quantity").into(), fault)]);
            }
            PurchaseError::UnknownItem { index } => return Self::unknown(format!("items/{index}/item_id"), "line"),
        })
    }
}

/// The validation error of such a reference.
pub(crate) fn unknown(what: &str) -> Fault {
    Fault::new("unknown_reference", format!("refers to an unknown {what}"))
}
