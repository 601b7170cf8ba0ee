//! The words of the log: what was done, and to what.

use std::str::FromStr;

use serde::{
    Deserialize, Serialize,
    de::{IntoDeserializer as _, value::Error},
};

use crate::{
    fault::Fault,
    schema::{has_schema, words},
};

/// A kind of thing that the log speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// Nothing more is expected of an order, or of some of its lines.
    Close,
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
    /// A user asked for another address of their own and is to confirm it by a link.
    EmailChangeRequested,
    /// A user no longer wants the address that waits for its confirmation.
    EmailChangeCancelled,
    /// A user has another address; stands beside the `UPDATE` and leads to the notice.
    EmailChanged,
    /// The admin who signed the organization up is to be sent a link that confirms their address.
    Welcome,
    /// An admin proved to read mail at their address: from now on the organization sends mail to its other users.
    OrganizationConfirmed,
}

impl Entity {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::Organization,
        Self::User,
        Self::Product,
        Self::Supplier,
        Self::Warehouse,
        Self::StockMovement,
        Self::PurchaseRequest,
    ];
}

impl Action {
    /// Every action.
    pub const ALL: &[Self] = &[
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::StockIn,
        Self::StockOut,
        Self::StockTransfer,
        Self::StockAdjustment,
        Self::Submit,
        Self::Approve,
        Self::Reject,
        Self::MarkOrdered,
        Self::Receive,
        Self::Cancel,
        Self::Close,
        Self::Login,
        Self::LoginFailed,
        Self::Logout,
        Self::TokenReused,
        Self::Invite,
        Self::PasswordChanged,
        Self::PasswordResetRequested,
        Self::PasswordReset,
        Self::EmailChangeRequested,
        Self::EmailChangeCancelled,
        Self::EmailChanged,
        Self::Welcome,
        Self::OrganizationConfirmed,
    ];
}

has_schema!(named Entity, words("A kind of thing that the log speaks of.", names(Entity::ALL)));
has_schema!(named Action, words("What was done.", names(Action::ALL)));

/// The words as they serialize.
fn names<W: Serialize>(words: &[W]) -> impl Iterator<Item = String> {
    let name = |word| serde_json::to_value(word).ok()?.as_str().map(str::to_owned);
    words.iter().filter_map(name)
}

impl FromStr for Entity {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let known = Self::deserialize(text.into_deserializer());
        known.map_err(|_: Error| Fault::new("unknown_value", "must be a kind of thing such as Product"))
    }
}

impl FromStr for Action {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let known = Self::deserialize(text.into_deserializer());
        known.map_err(|_: Error| Fault::new("unknown_value", "must be an action such as UPDATE"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many values serde knows of a type that has none of this name.
    fn count<T: for<'de> Deserialize<'de>>() -> usize {
        let error = serde_json::from_str::<T>("\"none of them\"").err().unwrap().to_string();
        error.matches('`').count() / 2 - 1
    }

    #[test]
    fn all_lists_every_entity_and_action() {
        assert_eq!((Entity::ALL.len(), Action::ALL.len()), (count::<Entity>(), count::<Action>()));
    }

    #[test]
    fn parse_of_a_printed_action_returns_the_same_action() {
        for action in Action::ALL {
            let written = serde_json::to_value(action).unwrap();
            assert_eq!(written.as_str().unwrap().parse::<Action>().unwrap(), *action);
        }
        assert_eq!("StockMovement".parse::<Entity>().unwrap(), Entity::StockMovement);
        assert!("login".parse::<Action>().is_err() && "product".parse::<Entity>().is_err());
    }
}
