//! Pages of a list.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::item::{Item, s};

/// Where a page ended: the keys of the last item that was looked at. It names keys of the table, so it must not leave
/// the edge unsealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub(crate) BTreeMap<String, String>);

impl Position {
    pub(crate) fn single(name: &str, value: impl ToString) -> Self {
        Self(BTreeMap::from([(name.to_owned(), value.to_string())]))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The keys of an item, as far as this list needs them.
    pub(crate) fn of(item: &Item, names: &[&str]) -> Self {
        let text = |name: &&str| Some(((*name).to_owned(), item.get(*name)?.as_s().ok()?.clone()));
        Self(names.iter().filter_map(text).collect())
    }

    pub(crate) fn start_key(&self) -> Item {
        self.0.iter().map(|(name, value)| (name.clone(), s(value))).collect()
    }
}

/// Which part of a list is asked for.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// The most items, 1 to 100.
    pub limit: usize,
    /// Behind which position; from the beginning if there is none.
    pub after: Option<Position>,
    /// Whether the order is turned round: newest first, or Z to A.
    pub descending: bool,
}

/// A part of a list. It may be shorter than asked, even empty, and still have a next one.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// Where the next part begins; `None` at the end.
    pub next: Option<Position>,
}

impl<T> Page<T> {
    pub(crate) fn empty() -> Self {
        Self { items: Vec::new(), next: None }
    }
}
