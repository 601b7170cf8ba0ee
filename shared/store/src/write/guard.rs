//! Guards: conditions on products and warehouses that a change needs but does not change, and updates of their
//! counters. A transaction can have an item once, so the guards of each item are collected.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::{
    dynamo::{
        expression::{Expression, expression, version_is},
        item::Item,
        key::Key,
    },
    error::StoreError,
    write::{
        Change,
        fence::{DeletionFence, HAS_LEVELS, REQUEST_CHANGES, REQUESTS},
    },
};

/// The guards of a change, by item.
#[derive(Debug, Default)]
pub(crate) struct Guards<'a>(BTreeMap<Key, Guard<'a>>);

#[derive(Debug, Default)]
struct Guard<'a> {
    /// The item and its version, if it was read.
    read: Option<(&'a Item, u64)>,
    must_stay: bool,
    fixes_unit: bool,
    counts: BTreeMap<&'static str, i64>,
}

impl<'a> Guards<'a> {
    fn of(&mut self, key: &Key, item: &'a Item, version: u64) -> &mut Guard<'a> {
        let guard = self.0.entry(key.clone()).or_default();
        guard.read = Some((item, version));
        guard
    }

    /// The item was read, and the revision of a level guards it. An expired fence on it is removed.
    pub(crate) fn touch(&mut self, key: &Key, item: &'a Item, version: u64) {
        self.of(key, item, version);
    }

    /// The item must stay as read, without a deletion in progress, until the commit.
    pub(crate) fn keep(&mut self, key: &Key, item: &'a Item, version: u64) {
        self.of(key, item, version).must_stay = true;
    }

    /// The same, and a counter of the item rises by one.
    pub(crate) fn count(&mut self, key: &Key, item: &'a Item, version: u64, counter: &'static str) {
        let count = self.of(key, item, version).counts.entry(counter).or_default();
        *count = count.saturating_add(1);
    }

    /// The same, and the product has levels from now on, which fixes its unit.
    pub(crate) fn fix_unit(&mut self, key: &Key, item: &'a Item, version: u64) {
        self.of(key, item, version).fixes_unit = true;
    }

    /// The same, and one more line of an open request holds the product.
    pub(crate) fn hold(&mut self, key: &Key, item: &'a Item, version: u64) {
        self.count(key, item, version, REQUESTS);
        self.count(key, item, version, REQUEST_CHANGES);
    }

    /// One line fewer of an open request holds the product. The product exists while a line holds it.
    pub(crate) fn release(&mut self, key: &Key) {
        self.0.entry(key.clone()).or_default().counts.extend([(REQUESTS, -1), (REQUEST_CHANGES, 1)]);
    }

    /// Adds the guards to a change.
    pub(crate) fn onto<T>(self, change: Change<T>) -> Result<Change<T>, StoreError> {
        self.0.into_iter().try_fold(change, |change, (key, guard)| guard.onto(change, &key))
    }
}

impl Guard<'_> {
    fn onto<T>(self, change: Change<T>, key: &Key) -> Result<Change<T>, StoreError> {
        let fence = self.read.map(|(item, _)| DeletionFence::of(item)).transpose()?.flatten();
        let condition = match (self.read, &fence) {
            (None, _) => expression("attribute_exists(#pk)"),
            (Some((_, version)), Some(fence)) => version_is(version).and(fence.is_unchanged()),
            (Some((_, version)), None) => version_is(version).and(expression("attribute_not_exists(#closing)")),
        };
        let update = self.update(fence.is_some());
        if !update.text.is_empty() {
            return change.update(key, &update, &condition);
        }
        if self.must_stay { change.check(key, &condition) } else { Ok(change) }
    }

    fn update(&self, is_fenced: bool) -> Expression {
        let setting = if self.fixes_unit { format!("SET #{HAS_LEVELS} = :{HAS_LEVELS}") } else { String::new() };
        let removal = if is_fenced { "REMOVE #closing" } else { "" };
        let additions: Vec<String> = self.counts.keys().map(|counter| format!("#{counter} :{counter}")).collect();
        let addition = if additions.is_empty() { String::new() } else { format!("ADD {}", additions.join(", ")) };
        let mut update = expression(format!("{setting} {removal} {addition}").trim());
        if self.fixes_unit {
            update = update.with(HAS_LEVELS, AttributeValue::Bool(true));
        }
        self.counts.iter().fold(update, |update, (counter, by)| update.with(counter, AttributeValue::N(by.to_string())))
    }
}
