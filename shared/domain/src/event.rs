//! Domain events: entries of the log as other programs see them.

use std::{fmt, str::FromStr};

use crate::{
    access::{Permission, Role},
    fault::Fault,
    id::UserId,
    log::{Action, Entity},
};

/// The type of an event, such as `product.created`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventType {
    subject: &'static str,
    verb: &'static str,
    /// Published on the bus for functions of the product only.
    is_internal: bool,
}

impl EventType {
    /// A movement took its level below the minimum. It is the second event of that movement's entry.
    pub const STOCK_LOW: Self = Self { subject: "stock", verb: "low", is_internal: false };

    /// The event type of an entry. `None` for entries of the audit log alone, such as a sign-in. A new action gets
    /// its type here.
    #[must_use]
    pub fn of(entity: Entity, action: Action) -> Option<Self> {
        let (verb, only, is_internal) = match action {
            Action::Create => ("created", None, false),
            Action::Update => ("updated", None, false),
            Action::Delete => ("deleted", None, false),
            Action::StockIn | Action::StockOut | Action::StockTransfer | Action::StockAdjustment => {
                ("moved", Some(Entity::StockMovement), false)
            }
            Action::Submit => ("submitted", Some(Entity::PurchaseRequest), false),
            Action::Approve => ("approved", Some(Entity::PurchaseRequest), false),
            Action::Reject => ("rejected", Some(Entity::PurchaseRequest), false),
            Action::MarkOrdered => ("ordered", Some(Entity::PurchaseRequest), false),
            Action::Receive => ("received", Some(Entity::PurchaseRequest), false),
            Action::Cancel => ("cancelled", Some(Entity::PurchaseRequest), false),
            Action::Close => ("closed", Some(Entity::PurchaseRequest), false),
            Action::Invite => ("invited", Some(Entity::User), true),
            Action::PasswordResetRequested => ("password_reset_requested", Some(Entity::User), true),
            Action::EmailChangeRequested => ("email_change_requested", Some(Entity::User), true),
            Action::EmailChanged => ("email_changed", Some(Entity::User), true),
            Action::Welcome => ("welcomed", Some(Entity::User), true),
            Action::OrganizationConfirmed => ("confirmed", Some(Entity::Organization), true),
            Action::Login
            | Action::LoginFailed
            | Action::Logout
            | Action::TokenReused
            | Action::PasswordChanged
            | Action::PasswordReset
            | Action::EmailChangeCancelled => return None,
        };
        let subject = match entity {
            Entity::Organization => "organization",
            Entity::User => "user",
            Entity::Product => "product",
            Entity::Supplier => "supplier",
            Entity::Warehouse => "warehouse",
            Entity::StockMovement => "stock",
            Entity::PurchaseRequest => "purchase_request",
        };
        let fits = only.map_or(entity != Entity::StockMovement, |only| only == entity);
        fits.then_some(Self { subject, verb, is_internal })
    }

    /// The entries that have this event type: those of one entity and one action, except for movements.
    pub fn origins(self) -> impl Iterator<Item = (Entity, Action)> {
        let pairs = Entity::ALL.iter().flat_map(|entity| Action::ALL.iter().map(|action| (*entity, *action)));
        pairs.filter(move |(entity, action)| Self::of(*entity, *action) == Some(self))
    }

    /// The types that callers can read. A type can appear more than once.
    pub fn public() -> impl Iterator<Item = Self> {
        let pairs = Entity::ALL.iter().flat_map(|entity| Action::ALL.iter().map(|action| (*entity, *action)));
        let known = pairs.filter_map(|(entity, action)| Self::of(entity, action)).chain([Self::STOCK_LOW]);
        known.filter(|known| !known.is_internal)
    }

    /// Whether a user may read such an event. An event with an owner is for its owner and for users who may read all
    /// events.
    #[must_use]
    pub fn may_be_read_by(self, (reader, role): (UserId, Role), owner: Option<UserId>) -> bool {
        let is_own = owner.is_none_or(|owner| owner == reader);
        !self.is_internal && (is_own || role.may(Permission::ReadEverybodysEvents))
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.subject, self.verb)
    }
}

crate::schema::has_schema!(named EventType, {
    let mut names: Vec<_> = EventType::public().map(|kind| kind.to_string()).collect();
    names.sort();
    names.dedup();
    let about = "The type of the event: the kind of the resource and the change. `stock.low` follows a `stock.moved` \
                 that takes a level below the minimum.";
    crate::schema::words(about, names, "product.created")
});

impl FromStr for EventType {
    type Err = Fault;

    /// Reads the types that callers can read.
    fn from_str(text: &str) -> Result<Self, Fault> {
        Self::public()
            .find(|known| known.to_string() == text)
            .ok_or_else(|| Fault::new("unknown_value", "must be an event type such as product.created"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{id::Id as _, time::Timestamp};

    #[test]
    fn parse_of_a_printed_event_type_returns_the_same_type() {
        for text in ["product.created", "user.updated", "warehouse.deleted", "stock.moved", "stock.low"] {
            assert_eq!(text.parse::<EventType>().unwrap().to_string(), text);
        }
        let unknown =
            ["", "product", "product.moved", "stock.created", "user.invited", "user.login", "Product.created"];
        for text in unknown {
            assert!(text.parse::<EventType>().is_err(), "{text}");
        }
    }

    #[test]
    fn origins_of_a_type_are_its_entries() {
        let moved: Vec<_> = "stock.moved".parse::<EventType>().unwrap().origins().collect();
        assert_eq!(moved.len(), 4);
        assert!(moved.iter().all(|(entity, _)| *entity == Entity::StockMovement));
        assert_eq!(EventType::STOCK_LOW.origins().count(), 0);
    }

    #[test]
    fn read_of_an_owned_event_requires_the_owner_or_a_manager() {
        let id = |n| UserId::from_parts(Timestamp::EPOCH, [n; 10]);
        let created = EventType::of(Entity::User, Action::Create).unwrap();
        let reads = |reader, role, owner| created.may_be_read_by((reader, role), owner);
        assert!(reads(id(1), Role::Staff, Some(id(1))) && reads(id(1), Role::Staff, None));
        assert!(!reads(id(1), Role::Staff, Some(id(2))) && reads(id(1), Role::Manager, Some(id(2))));
        let invited = EventType::of(Entity::User, Action::Invite).unwrap();
        assert!(!invited.may_be_read_by((id(1), Role::Admin), Some(id(1))));
    }
}
