//! Which organizations there are, for what is done for each of them.

use stockroom_domain::id::OrganizationId;

use crate::{
    dynamo::{item::Item, key::Index, page::Position, query::Query},
    error::StoreError,
    keys::{DIRECTORY_SHARDS, directory},
    stock::low_list::LOW_LIST,
    write::access::Table,
};

/// How many organizations are looked at with one call.
const EXAMINED: usize = 500;

/// Which organizations are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Every one, also those that have ended and are yet to be purged.
    All,
    /// Those where something may be low.
    Low,
}

/// See [`crate::Store::directory`].
#[derive(Debug, Clone, Copy)]
pub struct Directory<'a> {
    table: &'a Table,
}

impl<'a> Directory<'a> {
    /// Over how many partitions the organizations are spread.
    pub const SHARDS: u8 = DIRECTORY_SHARDS;

    pub(crate) fn new(table: &'a Table) -> Self {
        Self { table }
    }

    /// A part of one of the [`SHARDS`](Self::SHARDS), in order of the ids, and where the next part begins. What was written
    /// a moment ago may be missing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn page(
        &self,
        listed: Listed,
        shard: u8,
        after: Option<Position>,
    ) -> Result<(Vec<OrganizationId>, Option<Position>), StoreError> {
        let list = match listed {
            Listed::All => None,
            Listed::Low => Some(LOW_LIST),
        };
        let query = Query { after, ..Query::index(Index::One, directory(list, shard), EXAMINED) };
        let found = self.table.query(&query).await?;
        let (_, sort) = Index::One.key_names();
        let id = |item: &Item| item.get(sort)?.as_s().ok()?.parse().ok();
        Ok((found.items.iter().filter_map(id).collect(), found.last))
    }
}
