//! The words of the log: what was done, and to what.

use serde::{Deserialize, Serialize};

/// A kind of thing that the log speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Entity {
    Organization,
    User,
    Product,
    Supplier,
    Warehouse,
    StockMovement,
    PurchaseRequest,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Action {
    Create,
    Update,
    Delete,
    StockIn,
    StockOut,
    StockTransfer,
    StockAdjustment,
    Submit,
    Approve,
    Reject,
    MarkOrdered,
    Receive,
    Cancel,
    Login,
    LoginFailed,
    Logout,
    /// A refresh token that had been used up was presented: the session was ended.
    TokenReused,
    /// A user was added without a password and is to be sent a link to set one.
    Invite,
    PasswordChanged,
    /// Somebody asked for a link to set a new password; without an entity when the address is nobody's.
    PasswordResetRequested,
    PasswordReset,
}
