//! Typed identifiers: `UUIDv7` (RFC 9562), so that they sort by the moment of their creation.

use schemars::{Schema, json_schema};
use uuid::Uuid;

use crate::{fault::Fault, schema::has_schema, time::Timestamp};

/// The common operations of all typed ids.
pub trait Id: Copy + Eq + Ord + std::fmt::Display + std::str::FromStr<Err = Fault> {
    /// An id made at `at`, with 80 bits of randomness (74 of them are used).
    fn from_parts(at: Timestamp, random: [u8; 10]) -> Self;

    /// The bare UUID, for entities of any kind.
    fn uuid(self) -> Uuid;
}

fn parse(text: &str) -> Result<Uuid, Fault> {
    Uuid::try_parse(text)
        .ok()
        .filter(|uuid| uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text)
        .ok_or_else(|| Fault::new("invalid_format", "must be a UUID in canonical lower case"))
}

/// Any version of UUID is well-formed; new ids have version 7. The examples of the OpenAPI document belong to one
/// sample organization, so each type has the same example everywhere.
fn describe(about: &str, example: &str) -> Schema {
    json_schema!({"description": about.trim(), "type": "string", "format": "uuid", "examples": [example]})
}

/// A bit in the last byte of the ids of movements only, so that the id of an entry says where it is stored.
const OF_MOVEMENT: u8 = 0b0100;
/// A bit in the last byte of the id of an entry's second event, and of no entry: both events are adjacent in the order
/// of ids.
const SECOND_EVENT: u8 = 0b1000;

/// The bytes with these bits of the last byte set to `mark`.
fn marked(mut random: [u8; 10], mark: u8) -> [u8; 10] {
    let [.., last] = &mut random;
    *last = *last & !(OF_MOVEMENT | SECOND_EVENT) | mark;
    random
}

macro_rules! ids {
    ($($(#[doc = $doc:literal])+ $name:ident = $example:literal $(, marked $mark:expr)?;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        has_schema!($name, describe(concat!($($doc),+), $example));

        impl Id for $name {
            fn from_parts(at: Timestamp, random: [u8; 10]) -> Self {
                $(let random = marked(random, $mark);)?
                Self(uuid::Builder::from_unix_timestamp_millis(at.unix_millis(), &random).into_uuid())
            }

            fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = Fault;

            /// Accepts the canonical form only: hyphenated, lower case.
            fn from_str(text: &str) -> Result<Self, Fault> {
                parse(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// Id of an organization.
    OrganizationId = "01a19b45-b800-7c1a-8e52-4b0d9f3a6c71";
    /// Id of a user.
    UserId = "01a19b4a-4be0-7a4e-91c7-d2836e5f0b48";
    /// Id of a session: one device or program on which a user is signed in.
    SessionId = "01a2063d-2440-7d90-a63b-58e1c47f2d96";
    /// Id of a product.
    ProductId = "01a19b61-2f40-7d21-8a5e-3f1b2c4d5e6f";
    /// Id of a supplier.
    SupplierId = "01a19b58-0780-7b3c-94f8-e07a51d26b3c";
    /// Id of a warehouse.
    WarehouseId = "01a19b4e-dfc0-7a10-9c7b-5a6d7e8f9a0b";
    /// Id of a stock movement.
    MovementId = "01a20655-dc60-7f63-b21d-c8459e0f7a24", marked OF_MOVEMENT;
    /// Id that the two legs of a transfer share.
    TransferId = "01a20655-dc60-7e08-8fd4-276b90ac3e51";
    /// Id of a purchase request.
    PurchaseRequestId = "01a1f941-c700-7c85-a90e-61f3d72b8c40";
    /// Id of a line of a purchase request.
    PurchaseRequestItemId = "01a19b61-2f40-71a4-a350-5ee8fb66d22f";
    /// Id of an audit entry.
    EntryId = "01a19b61-2f40-7b97-86a2-f40c5d1e9b73", marked 0;
    /// Id of an event. Events sort by their ids, oldest first.
    EventId = "01a19b61-2f40-7b97-86a2-f40c5d1e9b73";
    /// Id of a resource of any kind.
    EntityId = "01a19b61-2f40-7d21-8a5e-3f1b2c4d5e6f";
    /// Id that all entries and events of one request share.
    ChangeId = "01a19b61-2f40-7b97-86a2-f40c5d1e9b73";
}

macro_rules! is_also {
    ($($from:ident is also $to:ident: $doc:literal;)+) => {$(
        impl From<$from> for $to {
            #[doc = $doc]
            fn from(id: $from) -> Self {
                Self(id.0)
            }
        }
    )+};
}

is_also! {
    MovementId is also EntryId: "A movement is its log entry.";
    MovementId is also EntityId: "And what its log entry is about.";
    ProductId is also EntityId: "The log speaks of products.";
    EntityId is also UserId: "The user of that id, if that is what it is.";
    EntryId is also ChangeId: "An entry that was written alone stands for its change.";
    EntryId is also EventId: "The event of an entry.";
}

impl EntryId {
    /// Whether it is the id of a movement.
    #[must_use]
    pub fn is_of_movement(self) -> bool {
        self.0.as_bytes().last().is_some_and(|last| last & OF_MOVEMENT != 0)
    }
}

impl EventId {
    /// The second event of an entry, right after the first; the same id for a second event.
    #[must_use]
    pub fn second(self) -> Self {
        Self(Uuid::from_u128(self.0.as_u128() | u128::from(SECOND_EVENT)))
    }

    /// The entry that it belongs to.
    #[must_use]
    pub fn entry(self) -> EntryId {
        EntryId(Uuid::from_u128(self.0.as_u128() & !u128::from(SECOND_EVENT)))
    }
}

impl PurchaseRequestItemId {
    /// The id of a product's line in a request. A request has a product once, so both ids together name the line.
    /// Combining them by exclusive or keeps both readable: with the request's id, the line's id gives the product
    /// without a read.
    #[must_use]
    pub fn of(product: ProductId, request: PurchaseRequestId) -> Self {
        Self(turned(product.0, request.0))
    }

    /// The product of this line of a request; the id of no product if the request has no such line.
    #[must_use]
    pub fn product(self, request: PurchaseRequestId) -> ProductId {
        ProductId(turned(self.0, request.0))
    }
}

/// The first id with its random bits combined with those of the second by exclusive or. Time, version and variant stay.
/// The function is its own inverse.
fn turned(id: Uuid, by: Uuid) -> Uuid {
    const RANDOM: u128 = 0x0fff_3fff_ffff_ffff_ffff;
    Uuid::from_u128(id.as_u128() ^ (by.as_u128() & RANDOM))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_of_a_line_is_derived_from_its_product_and_request() {
        let at = Timestamp::from_unix_millis(1_000).unwrap();
        let product = ProductId::from_parts(at, [0x5a; 10]);
        let [one, other] = [1, 2].map(|seed| PurchaseRequestId::from_parts(at, [seed; 10]));
        let line = PurchaseRequestItemId::of(product, one);
        assert_eq!(line.product(one), product);
        assert_ne!(line, PurchaseRequestItemId::of(product, other));
        assert_ne!(line.product(other), product);
        assert_eq!((line.uuid().get_version_num(), line.uuid().get_variant()), (7, uuid::Variant::RFC4122));
    }

    #[test]
    fn parse_of_a_non_canonical_id_is_refused() {
        let id = "0190b6a4-7b1e-7c3a-8f00-0123456789ab";
        assert_eq!(id.parse::<ProductId>().unwrap().to_string(), id);
        for other in ["", "0190b6a47b1e7c3a8f000123456789ab", "0190B6A4-7B1E-7C3A-8F00-0123456789AB", "{x}", "../x"] {
            assert!(other.parse::<ProductId>().is_err(), "{other}");
        }
    }

    #[test]
    fn id_of_an_event_leads_to_its_entry() {
        for last in 0..=u8::MAX {
            let (at, random) = (Timestamp::from_unix_millis(1_000).unwrap(), [last; 10]);
            let (movement, entry) = (MovementId::from_parts(at, random), EntryId::from_parts(at, random));
            assert!(EntryId::from(movement).is_of_movement() && !entry.is_of_movement());
            for id in [movement.into(), entry] {
                let event = EventId::from(id);
                assert!(event < event.second());
                assert_eq!((event.entry(), event.second().entry(), event.second().second()), (id, id, event.second()));
            }
        }
    }

    #[test]
    fn ids_of_later_times_sort_later() {
        let at = |millis| ProductId::from_parts(Timestamp::from_unix_millis(millis).unwrap(), [0xff; 10]);
        assert!(at(1_000) < at(1_001));
    }
}
