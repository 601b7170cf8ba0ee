//! Lists over several partitions: all are asked at once, and what they find is merged in the order they share.

use futures_util::future::try_join_all;

use crate::{
    dynamo::{
        item::Item,
        page::{Page, PageItem, PageRequest, Position},
        query::{MOST_EXAMINED, Query},
        table::DynamoTable,
    },
    error::StoreError,
};

/// How several queries are merged.
#[derive(Clone, Copy)]
pub(crate) struct Merge {
    /// Where an item, or the place a query stopped at, stands in the order.
    pub(crate) order: fn(&Item) -> Option<String>,
    /// What a position calls that.
    pub(crate) name: &'static str,
}

/// What several queries found, in order.
#[derive(Debug)]
pub(crate) struct Merged {
    /// The items, each with its place in the order.
    pub(crate) lines: Vec<(String, Item)>,
    /// Behind which place there may be more; `None` when everything was found.
    pub(crate) stop: Option<String>,
}

/// How many items one of a list's shards has to give so that they nearly always hold the page together: ids spread
/// evenly, so half a page from each of four is enough.
pub(crate) fn share(page: &PageRequest) -> usize {
    page.limit.div_ceil(2).saturating_add(3)
}

impl DynamoTable {
    /// Asks all queries at once and merges what they find. Where one stopped before its end, nothing behind that point is
    /// among it. Queries with a filter share what a filtered page may examine.
    pub(crate) async fn merge(
        &self,
        merge: Merge,
        queries: Vec<Query>,
        page: &PageRequest,
    ) -> Result<Merged, StoreError> {
        let share = MOST_EXAMINED.checked_div(queries.len()).unwrap_or_default().max(2);
        let asked = queries.into_iter().map(|mut query| {
            query.descending = page.descending;
            if !query.filter.text.is_empty() {
                query.examine = share;
            }
            async move { self.query(&query).await }
        });
        let found = try_join_all(asked).await?;
        let stops = found.iter().filter_map(|found| (merge.order)(&found.last.as_ref()?.start_key()));
        let stop = if page.descending { stops.max() } else { stops.min() };
        let mut lines: Vec<(String, Item)> = found
            .into_iter()
            .flat_map(|found| found.items)
            .filter_map(|item| Some(((merge.order)(&item)?, item)))
            .filter(|(at, _)| stop.as_ref().is_none_or(|stop| if page.descending { at >= stop } else { at <= stop }))
            .collect();
        lines.sort_by(|(a, _), (b, _)| if page.descending { b.cmp(a) } else { a.cmp(b) });
        Ok(Merged { lines, stop })
    }

    /// The same as a page, behind the line where the one before ended.
    pub(crate) async fn merged_page(
        &self,
        merge: Merge,
        queries: Vec<Query>,
        page: &PageRequest,
    ) -> Result<Page<Item>, StoreError> {
        let Merged { mut lines, stop } = self.merge(merge, queries, page).await?;
        let reached = page.after.as_ref().and_then(|position| position.get(merge.name));
        lines.retain(|(at, _)| Some(at.as_str()) != reached);
        let next = if lines.len() > page.limit {
            lines.truncate(page.limit);
            lines.last().map(|(at, _)| at.clone())
        } else {
            stop
        };
        let position = |at: String| Position::single(merge.name, at);
        let listed = lines.into_iter().map(|(at, item)| PageItem { item, position: position(at) }).collect();
        Ok(Page::new(listed, next.map(position)))
    }
}

/// The text of an attribute.
pub(crate) fn text(item: &Item, name: &str) -> Option<String> {
    item.get(name)?.as_s().ok().cloned()
}
