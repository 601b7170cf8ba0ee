//! Lists over several partitions: parallel queries, merged in their common order.

use futures_util::future::try_join_all;

use crate::{
    dynamo::{
        item::Item,
        page::{Page, PageItem, PageRequest, Position},
        query::{MAX_EXAMINED, Query},
        table::DynamoTable,
    },
    error::StoreError,
};

/// How queries are merged.
#[derive(Clone, Copy)]
pub(crate) struct Merge {
    /// The place of an item, or of the end of a query, in the order.
    pub(crate) order: fn(&Item) -> Option<String>,
    /// The name of that place in a position.
    pub(crate) name: &'static str,
}

/// The merged results.
#[derive(Debug)]
pub(crate) struct Merged {
    /// The items, each with its place in the order.
    pub(crate) lines: Vec<(String, Item)>,
    /// The place after which there may be more items; `None` at the end.
    pub(crate) stop: Option<String>,
}

/// How many items one of a list's shards has to give so that they nearly always hold the page together: ids spread
/// evenly, so half a page from each of four is enough.
pub(crate) fn share(page: &PageRequest) -> usize {
    page.limit.div_ceil(2).saturating_add(3)
}

impl DynamoTable {
    /// Runs all queries in parallel and merges their results. If a query stopped before its end, the result has
    /// nothing after that place. Queries with a filter share the items that a page may examine.
    pub(crate) async fn merge(
        &self,
        merge: Merge,
        queries: Vec<Query>,
        page: &PageRequest,
    ) -> Result<Merged, StoreError> {
        let share = MAX_EXAMINED.checked_div(queries.len()).unwrap_or_default().max(2);
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

    /// The same as a page, after the line where the previous one ended.
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
