//! Typed identifiers: `UUIDv7` (RFC 9562), so that they sort by the moment of their creation.

use uuid::Uuid;

use crate::{fault::Fault, time::Timestamp};

/// What every typed id can do; lets the rest be written once for all of them.
pub trait Id: Copy + Eq + Ord + std::fmt::Display + std::str::FromStr<Err = Fault> {
    /// An id made at `at`, with 80 bits of the caller's randomness (74 of them are kept).
    fn from_parts(at: Timestamp, random: [u8; 10]) -> Self;

    /// The bare UUID, for what names entities of any kind.
    fn uuid(self) -> Uuid;
}

fn parse(text: &str) -> Result<Uuid, Fault> {
    Uuid::try_parse(text)
        .ok()
        .filter(|uuid| uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text)
        .ok_or_else(|| Fault::new("invalid_format", "must be a UUID in canonical lower case"))
}

macro_rules! ids {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl Id for $name {
            fn from_parts(at: Timestamp, random: [u8; 10]) -> Self {
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

            /// Accepts the canonical form alone: hyphenated, lower case.
            fn from_str(text: &str) -> Result<Self, Fault> {
                parse(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// One tenant.
    OrganizationId;
    /// A person who signs in.
    UserId;
    /// One signed-in device or program of a user.
    SessionId;
    /// Something that is kept in stock.
    ProductId;
    /// Whom products are bought from.
    SupplierId;
    /// A place that holds stock.
    WarehouseId;
    /// One line of the ledger, which is a log entry.
    MovementId;
    /// The two legs of a transfer.
    TransferId;
    /// A request to buy.
    PurchaseRequestId;
    /// A line of a request to buy; see [`RequestItemId::of`].
    RequestItemId;
    /// One entry of an organization's log.
    EntryId;
    /// All entries that one request wrote together.
    ChangeId;
}

impl From<MovementId> for EntryId {
    /// A movement is its log entry.
    fn from(id: MovementId) -> Self {
        Self(id.0)
    }
}

impl RequestItemId {
    /// The id of a product's line in a request. A product stands in a request once, so the two name the line; turning the
    /// one by the other keeps both readable: whoever has the request's id knows the product without reading the request.
    #[must_use]
    pub fn of(product: ProductId, request: PurchaseRequestId) -> Self {
        Self(turned(product.0, request.0))
    }

    /// The product of this line of a request; some product that never was, if the request has no such line.
    #[must_use]
    pub fn product(self, request: PurchaseRequestId) -> ProductId {
        ProductId(turned(self.0, request.0))
    }
}

/// The first id with its random bits turned by the second's; its time, version and variant stay. Its own inverse.
fn turned(id: Uuid, by: Uuid) -> Uuid {
    const RANDOM: u128 = 0x0fff_3fff_ffff_ffff_ffff;
    Uuid::from_u128(id.as_u128() ^ (by.as_u128() & RANDOM))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_named_by_its_product_and_its_request() {
        let at = Timestamp::from_unix_millis(1_000).unwrap();
        let product = ProductId::from_parts(at, [0x5a; 10]);
        let [one, other] = [1, 2].map(|seed| PurchaseRequestId::from_parts(at, [seed; 10]));
        let line = RequestItemId::of(product, one);
        assert_eq!(line.product(one), product);
        assert_ne!(line, RequestItemId::of(product, other));
        assert_ne!(line.product(other), product);
        assert_eq!((line.uuid().get_version_num(), line.uuid().get_variant()), (7, uuid::Variant::RFC4122));
    }

    #[test]
    fn only_the_canonical_form_parses() {
        let id = "0190b6a4-7b1e-7c3a-8f00-0123456789ab";
        assert_eq!(id.parse::<ProductId>().unwrap().to_string(), id);
        for other in ["", "0190b6a47b1e7c3a8f000123456789ab", "0190B6A4-7B1E-7C3A-8F00-0123456789AB", "{x}", "../x"] {
            assert!(other.parse::<ProductId>().is_err(), "{other}");
        }
    }

    #[test]
    fn ids_sort_by_time() {
        let at = |millis| ProductId::from_parts(Timestamp::from_unix_millis(millis).unwrap(), [0xff; 10]);
        assert!(at(1_000) < at(1_001));
    }
}
