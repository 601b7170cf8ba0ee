//! Attributes of products and warehouses besides their details: deletion fence, propagation of a minimum, counters of
//! their uses. Changes are conditioned on them.

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

/// On a product: its new minimum is not yet propagated to all levels.
pub(crate) const PROPAGATING: &str = "spreading";

/// On a warehouse: how many levels were ever made in it.
pub(crate) const PLACES: &str = "places";
/// On a product: how many lines of open purchase requests hold it.
pub(crate) const REQUESTS: &str = "requests";
/// On a product: rises with every change of [`REQUESTS`]. A recount is conditioned on it, because a sum can be as
/// before although it has changed twice.
pub(crate) const REQUEST_CHANGES: &str = "request_changes";

/// On a product: whether it ever had a level, so that movements are recorded in its unit. Products whose levels are
/// older than this attribute lack it until their next movement.
pub(crate) const HAS_LEVELS: &str = "has_levels";

/// Life of a fence, in case its deletion never finishes.
pub(crate) const FENCE_LIFETIME: Duration = Duration::from_secs(5);

/// A deletion in progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeletionFence {
    pub(crate) token: String,
    /// Unix milliseconds.
    pub(crate) until: u64,
}

#[derive(Deserialize)]
struct Fenced {
    closing: Option<DeletionFence>,
}

impl DeletionFence {
    pub(crate) fn of(item: &Item) -> Result<Option<Self>, StoreError> {
        Ok(attributes::<Fenced>(item)?.closing)
    }

    pub(crate) fn is_active(&self, now: Timestamp) -> bool {
        now.unix_millis() < self.until
    }

    /// The fence is still this one.
    pub(crate) fn is_unchanged(&self) -> Expression {
        expression("#closing.#token = :fence").with("fence", s(&self.token))
    }
}

/// No deletion is in progress.
pub(crate) fn not_fenced(now: Timestamp) -> Expression {
    expression("attribute_not_exists(#closing) OR #closing.#until <= :now").with("now", millis(now))
}

/// The value of a counter of an item. A value below 0 is wrong, but proves that the item is in use.
pub(crate) fn counted(item: &Item, counter: &str) -> i64 {
    item.get(counter).and_then(|count| count.as_n().ok()?.parse().ok()).unwrap_or_default()
}

/// The attributes for uses of an item.
pub(crate) const USES: [&str; 4] = [PLACES, REQUESTS, REQUEST_CHANGES, HAS_LEVELS];

/// None of them changed since the item was read.
pub(crate) fn same_uses(item: &Item) -> Expression {
    let same = |name| match item.get(name) {
        Some(value) => expression(format!("#{name} = :{name}")).with(name, value.clone()),
        None => expression(format!("attribute_not_exists(#{name})")),
    };
    USES.into_iter().map(same).fold(Expression::default(), Expression::and)
}
