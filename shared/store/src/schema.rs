//! Versions of stored shapes, and reading of items of an older version.
//!
//! The attribute `schema` has the version of an item; without it the version is 1, so a kind that never changed
//! stores none. Every read [upgrades](upgrade) the item; every put [stamps](stamp) it. `infra/MIGRATIONS.md`
//! describes how to change a shape.

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

/// Turns an item of one version into the next. The product may have changed it since it was put: an update of single
/// attributes changes no version, and indexes show none. So attributes that already have the next shape stay.
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

/// An item in its current version, by the upgrades of its kind from version 1 on. An item of a later version than
/// this program knows stays as it is.
///
/// # Errors
/// [`StoreError::Internal`] for an item that cannot be upgraded.
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

/// Sets the current version of an item.
pub(crate) fn stamp(item: &mut Item) {
    let current = current(item);
    if current > 1 {
        item.insert(SCHEMA.to_owned(), number(current));
    }
}

/// An update that writes all of an item's `data`, and its condition, for an item as read. An item of a later program
/// gets this program's version, so that the later one upgrades it again. An item of an earlier version keeps it,
/// because more than `data` may be old. A migration in between is noticed, and the item is read again.
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
