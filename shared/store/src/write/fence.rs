//! What the items of products and warehouses say beside their details: a deletion that is under way, levels that have yet to
//! follow a new minimum, and who uses them. Changes are committed under conditions on these attributes.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stockroom_domain::time::Timestamp;

use crate::{
    dynamo::{
        expression::{Expression, expression},
        item::{Item, attributes, millis, s},
    },
    error::StoreError,
};

/// Stands on a product while its levels have yet to follow its new minimum.
pub(crate) const SPREADING: &str = "spreading";

/// On a warehouse: how many levels were ever made in it.
pub(crate) const PLACES: &str = "places";
/// On a product: how many lines of open purchase requests hold it.
pub(crate) const REQUESTS: &str = "requests";
/// On a product: rises with every change of [`REQUESTS`]. A recount is conditioned on it, because a sum can be as before
/// although it has changed twice.
pub(crate) const REQUEST_CHANGES: &str = "request_changes";

/// On a product: whether it ever had a level, so that movements are recorded in its unit. Products that got their levels
/// before this was kept have no such attribute until their next movement.
pub(crate) const HAS_LEVELS: &str = "has_levels";

/// How long a mark keeps others waiting when its maker does not come back.
pub(crate) const MARK_HOLDS: Duration = Duration::from_secs(5);

/// Says that a deletion is under way, and whose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) token: String,
    /// Unix milliseconds.
    pub(crate) until: u64,
}

#[derive(Deserialize)]
struct Marked {
    closing: Option<Mark>,
}

impl Mark {
    pub(crate) fn of(item: &Item) -> Result<Option<Self>, StoreError> {
        Ok(attributes::<Marked>(item)?.closing)
    }

    pub(crate) fn holds(&self, now: Timestamp) -> bool {
        now.unix_millis() < self.until
    }

    /// The mark is still this very one.
    pub(crate) fn stands(&self) -> Expression {
        expression("#closing.#token = :mark").with("mark", s(&self.token))
    }
}

/// No deletion is under way.
pub(crate) fn not_closing(now: Timestamp) -> Expression {
    expression("attribute_not_exists(#closing) OR #closing.#until <= :now").with("now", millis(now))
}

/// The value of a counter of an item, as it was read. A count below 0 is wrong: it says that the item is in use, but not how
/// often.
pub(crate) fn counted(item: &Item, counter: &str) -> i64 {
    item.get(counter).and_then(|count| count.as_n().ok()?.parse().ok()).unwrap_or_default()
}

/// What an item says of others beside its details.
pub(crate) const USES: [&str; 4] = [PLACES, REQUESTS, REQUEST_CHANGES, HAS_LEVELS];

/// None of that has changed since the item was read.
pub(crate) fn same_uses(item: &Item) -> Expression {
    let same = |name| match item.get(name) {
        Some(value) => expression(format!("#{name} = :{name}")).with(name, value.clone()),
        None => expression(format!("attribute_not_exists(#{name})")),
    };
    USES.into_iter().map(same).fold(Expression::default(), Expression::and)
}
