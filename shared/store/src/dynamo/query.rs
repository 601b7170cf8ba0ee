//! Queries: the items of one partition, of the table or of an index, in order.

use std::time::Instant;

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

use crate::{
    dynamo::{
        expression::{Expression, expression},
        item::{Item, s},
        key::Index,
        page::{Page, PageItem, PageRequest, Position},
        retry::Backoff,
        table::DynamoTable,
    },
    error::StoreError,
};

/// The most items that a filtered page examines. The table may stop at 1 MB before that.
pub(crate) const MAX_EXAMINED: usize = 1_000;

/// The sort keys of a partition to read.
#[derive(Debug, Clone)]
pub(crate) enum Range {
    All,
    Prefix(String),
    /// Both ends are inclusive.
    Between(String, String),
}

#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) index: Option<Index>,
    pub(crate) partition: String,
    pub(crate) range: Range,
    pub(crate) filter: Expression,
    pub(crate) descending: bool,
    /// The most items to examine; the table stops at 1 MB in any case.
    pub(crate) examine: usize,
    pub(crate) after: Option<Position>,
    /// Eventually consistent: half the price, but recent writes may be missing. Indexes support no other.
    pub(crate) eventual: bool,
}

impl Query {
    pub(crate) fn new(partition: String, examine: usize) -> Self {
        Self {
            index: None,
            partition,
            range: Range::All,
            filter: Expression::default(),
            descending: false,
            examine,
            after: None,
            eventual: false,
        }
    }

    pub(crate) fn index(index: Index, partition: String, examine: usize) -> Self {
        Self { index: Some(index), eventual: true, ..Self::new(partition, examine) }
    }

    /// The attributes of an item's position in this query's order.
    pub(crate) fn position_names(&self) -> Vec<&'static str> {
        let mut names = vec!["pk", "sk"];
        if let Some(index) = self.index {
            let (pk, sk) = index.key_names();
            names.extend([pk, sk]);
        }
        names
    }
}

#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) items: Vec<Item>,
    /// Where examining stopped, if that was not the end.
    pub(crate) last: Option<Position>,
}

impl DynamoTable {
    /// One page of one partition.
    pub(crate) async fn query(&self, query: &Query) -> Result<Found, StoreError> {
        let Found { items, last } = Box::pin(self.query_stored(query)).await?;
        Ok(Found { items: items.into_iter().map(self.upgrade).collect::<Result<_, _>>()?, last })
    }

    /// The same with items in their stored version.
    pub(crate) async fn query_stored(&self, query: &Query) -> Result<Found, StoreError> {
        let (partition_name, sort_name) = query.index.map_or(("pk", "sk"), Index::key_names);
        let condition = match &query.range {
            Range::All => expression(format!("#{partition_name} = :partition")),
            Range::Prefix(prefix) => {
                expression(format!("#{partition_name} = :partition AND begins_with(#{sort_name}, :prefix)"))
                    .with("prefix", s(prefix))
            }
            Range::Between(low, high) if low > high => {
                return Ok(Found { items: Vec::new(), last: None });
            }
            Range::Between(low, high) => {
                expression(format!("#{partition_name} = :partition AND #{sort_name} BETWEEN :low AND :high"))
                    .with("low", s(if low.is_empty() { " " } else { low.as_str() }))
                    .with("high", s(high))
            }
        }
        .with("partition", s(&query.partition));
        let filter = (!query.filter.text.is_empty()).then_some(&query.filter.text);
        let mut backoff = Backoff::new();
        loop {
            let started = Instant::now();
            let call = self
                .client
                .client
                .query()
                .table_name(self.name())
                .set_index_name(query.index.map(|index| index.name().to_owned()))
                .key_condition_expression(&condition.text)
                .set_filter_expression(filter.cloned())
                .set_expression_attribute_names(Expression::names(&[&condition, &query.filter]))
                .set_expression_attribute_values(Expression::values(&[&condition, &query.filter]))
                .set_exclusive_start_key(query.after.as_ref().map(Position::start_key))
                .scan_index_forward(!query.descending)
                .consistent_read(!query.eventual)
                .limit(i32::try_from(query.examine).unwrap_or(i32::MAX))
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let result = Box::pin(call.send()).await;
            let ended = Instant::now();
            match result {
                Ok(output) => {
                    self.meter.record(started, ended, false, output.consumed_capacity());
                    let last = output.last_evaluated_key.map(|key| Position::of(&key, &query.position_names()));
                    return Ok(Found { items: output.items.unwrap_or_default(), last });
                }
                Err(error) => {
                    self.meter.record(started, ended, false, []);
                    self.pause_read(&error, &mut backoff).await?;
                }
            }
        }
    }

    /// A page of one query, by its order.
    pub(crate) async fn page(&self, mut query: Query, page: &PageRequest) -> Result<Page<Item>, StoreError> {
        // One item above the limit shows whether there is a next page; a filter may skip many items.
        query.examine = if query.filter.text.is_empty() { page.limit.saturating_add(1) } else { MAX_EXAMINED };
        query.descending = page.descending;
        query.after.clone_from(&page.after);
        let Found { mut items, last } = self.query_stored(&query).await?;
        let has_more = items.len() > page.limit;
        items.truncate(page.limit);
        let names = query.position_names();
        // The position of the stored item: an upgrade can change its keys in the indexes.
        let mut listed = Vec::with_capacity(items.len());
        for item in items {
            let position = Position::of(&item, &names);
            listed.push(PageItem { item: (self.upgrade)(item)?, position });
        }
        let next = if has_more { listed.last().map(|last| last.position.clone()) } else { last };
        Ok(Page::new(listed, next))
    }
}
