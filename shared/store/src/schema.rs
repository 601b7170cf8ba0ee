//! Which version of its shape an item has, and how one of an older version is read: the one place that knows how items
//! were before.
//!
//! An item's version stands in its attribute `schema`; one without it has version 1, so a kind that never changed pays
//! nothing for it. Whatever is read passes [`upgrade`]; whatever is put is [stamped](stamp). `infra/MIGRATIONS.md` says
//! how a shape is changed.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::{
    dynamo::{
        expression::{Expression, expression},
        item::{Item, n},
    },
    error::StoreError,
    keys::{PRODUCT, SUPPLIER, USER, WAREHOUSE, kind},
};

/// The attribute of an item's version.
const SCHEMA: &str = "schema";

/// Makes an item of one version one of the next. It takes the item as the product may have left it since it was put: an
/// update of single attributes changes no version, and indexes show none. So what is of the next version already stays.
pub(crate) type Upgrade = fn(&mut Item) -> Result<(), StoreError>;

/// The current version of products, suppliers and warehouses.
pub(crate) const CATALOGUE_VERSION: usize = 2;
/// The current version of users.
pub(crate) const USER_VERSION: usize = 3;

/// The current version of a kind.
fn current_version(kind: &str) -> usize {
    match kind {
        USER => USER_VERSION,
        PRODUCT | SUPPLIER | WAREHOUSE => CATALOGUE_VERSION,
        _ => 1,
    }
}

/// An item as the current version has it, by the upgrades of its kind, from version 1 on. One of a version that this program does not know yet stays as it is.
///
/// # Errors
/// [`StoreError::Internal`] for an item of which its upgrade can make nothing.
pub(crate) fn upgrade(mut item: Item, upgrades: &[Upgrade]) -> Result<Item, StoreError> {
    let version = version(&item);
    if version > upgrades.len() {
        return Ok(item);
    }
    for upgrade in upgrades.iter().skip(version.saturating_sub(1)) {
        upgrade(&mut item)?;
    }
    stamp(&mut item);
    Ok(item)
}

/// Writes the current version into an item of the current shape.
pub(crate) fn stamp(item: &mut Item) {
    let current = current(item);
    if current > 1 {
        item.insert(SCHEMA.to_owned(), number(current));
    }
}

/// An update that writes all of an item's `data`, with its condition, for an item that was read so. If that was put by a
/// later program, it is of this one's version again, so that the later one upgrades it anew. One of an earlier version stays
/// that: it may lack more than its `data`. A migration that came in between is seen, and the item read again.
pub(crate) fn of_this_version(mut update: Expression, condition: Expression, read: &Item) -> (Expression, Expression) {
    let current = current(read);
    if version(read) <= current {
        let known = expression("attribute_not_exists(#schema) OR #schema <= :known").with("known", number(current));
        return (update, condition.and(known));
    }
    if current == 1 {
        update.text.push_str(" REMOVE #schema");
        return (update, condition);
    }
    update.text.push_str(", #schema = :schema");
    (update.with(SCHEMA, number(current)), condition)
}

fn number(version: usize) -> AttributeValue {
    n(u64::try_from(version).unwrap_or(u64::MAX))
}

fn current(item: &Item) -> usize {
    current_version(kind_of(item))
}

pub(crate) fn kind_of(item: &Item) -> &str {
    item.get("pk").and_then(|pk| pk.as_s().ok()).map_or("", |pk| kind(pk))
}

fn version(item: &Item) -> usize {
    item.get(SCHEMA).and_then(|version| version.as_n().ok()?.parse().ok()).unwrap_or(1)
}
