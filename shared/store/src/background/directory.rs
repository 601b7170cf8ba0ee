//! The directory of organizations, for jobs.

use stockroom_domain::id::OrganizationId;

use crate::{
    dynamo::{item::Item, key::Index, page::Position, query::Query},
    error::StoreError,
    keys::{DIRECTORY_SHARDS, directory},
    stock::low_list::LOW_LIST,
    write::access::Table,
};

/// The number of organizations that one call reads.
const EXAMINED: usize = 500;

/// A list of organizations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// All organizations, including ended ones until their purge.
    All,
    /// Those that may have low levels.
    Low,
}

/// See [`crate::Store::directory`].
#[derive(Debug, Clone, Copy)]
pub struct Directory<'a> {
    table: &'a Table,
}

impl<'a> Directory<'a> {
    /// The number of partitions of the directory.
    pub const SHARDS: u8 = DIRECTORY_SHARDS;

    pub(crate) fn new(table: &'a Table) -> Self {
        Self { table }
    }

    /// A page of one of the [`SHARDS`](Self::SHARDS), by id, and the position after it. The index may lack the newest
    /// organizations.
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
