//! Pages of a list.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use crate::dynamo::item::{Item, s};

/// A position in a list: the keys of the last item before it. It has keys of the table, so the edge must seal it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct Position(Vec<(Cow<'static, str>, String)>);

impl From<BTreeMap<String, String>> for Position {
    fn from(keys: BTreeMap<String, String>) -> Self {
        Self(keys.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl From<Position> for BTreeMap<String, String> {
    fn from(position: Position) -> Self {
        position.0.into_iter().map(|(name, value)| (name.into_owned(), value)).collect()
    }
}

impl Position {
    pub(crate) fn single(name: &'static str, value: impl ToString) -> Self {
        Self(vec![(name.into(), value.to_string())])
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The keys of an item, as far as this list needs them.
    pub(crate) fn of(item: &Item, names: &[&'static str]) -> Self {
        let text = |name: &&'static str| Some(((*name).into(), item.get(*name)?.as_s().ok()?.clone()));
        Self(names.iter().filter_map(text).collect())
    }

    /// The same with further keys.
    pub(crate) fn with(mut self, keys: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        for (name, value) in keys {
            self.0.retain(|(known, _)| known != name);
            self.0.push((name.into(), value));
        }
        self
    }

    pub(crate) fn start_key(&self) -> Item {
        self.0.iter().map(|(name, value)| (name.to_string(), s(value))).collect()
    }
}

/// A request for a part of a list.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// The most items, 1 to 100.
    pub limit: usize,
    /// After this position; `None` for the beginning.
    pub after: Option<Position>,
    /// Whether the order is reversed: newest first, or Z to A.
    pub descending: bool,
}

/// An item of a page, with the position after it.
#[derive(Debug, Clone)]
pub struct PageItem<T> {
    /// The item.
    pub item: T,
    /// The position after the item.
    pub position: Position,
}

/// A page of a list. It may be shorter than its limit, even empty, and still have a next page. It can be cut after
/// any item, because each has its position.
#[derive(Debug, Clone)]
pub struct Page<T> {
    items: Vec<PageItem<T>>,
    next: Option<Position>,
}

impl<T> Page<T> {
    pub(crate) fn new(items: Vec<PageItem<T>>, next: Option<Position>) -> Self {
        Self { items, next }
    }

    /// A page without items, the last of its list.
    pub(crate) fn empty() -> Self {
        Self::new(Vec::new(), None)
    }

    /// The page of a list with this one item.
    #[must_use]
    pub fn only(item: T) -> Self {
        Self::new(vec![PageItem { item, position: Position(Vec::new()) }], None)
    }

    /// The items with their positions, in order.
    #[must_use]
    pub fn items(&self) -> &[PageItem<T>] {
        &self.items
    }

    /// Where the next part begins; `None` at the end.
    #[must_use]
    pub fn next(&self) -> Option<&Position> {
        self.next.as_ref()
    }

    /// The items and where the next part begins.
    #[must_use]
    pub fn into_parts(self) -> (Vec<T>, Option<Position>) {
        (self.items.into_iter().map(|PageItem { item, .. }| item).collect(), self.next)
    }

    /// Maps the items, without those that map to nothing.
    pub(crate) fn filter_map<U>(self, mut other: impl FnMut(T) -> Option<U>) -> Page<U> {
        let items = self.items.into_iter();
        let items = items.filter_map(|PageItem { item, position }| Some(PageItem { item: other(item)?, position }));
        Page::new(items.collect(), self.next)
    }

    /// Maps the items, or fails.
    pub(crate) fn try_map<U, E>(self, mut read: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        // `collect` into a `Result` reserves no capacity, so it would move the large items as the vector grows.
        let mut items = Vec::with_capacity(self.items.len());
        for PageItem { item, position } in self.items {
            items.push(PageItem { item: read(item)?, position });
        }
        Ok(Page::new(items, self.next))
    }

    /// Maps the positions.
    pub(crate) fn at(self, position: impl Fn(&Position) -> Position) -> Self {
        let items = self.items.into_iter();
        let items = items.map(|PageItem { item, position: at }| PageItem { item, position: position(&at) });
        Self::new(items.collect(), self.next.as_ref().map(&position))
    }
}
