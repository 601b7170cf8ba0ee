//! Data for reports to the managers of an organization: its week, low levels, waiting requests.

use futures_util::future::try_join_all;
use stockroom_domain::{
    id::OrganizationId,
    purchasing::{PurchaseRequest, PurchaseRequestStatus},
    report::{MovementTotals, Week},
};

use crate::{
    dynamo::{
        item::{Item, data},
        key::{Index, Key},
        query::{Query, Range},
    },
    error::StoreError,
    keys::{OrganizationKeys, SHARDS, id_bounds, parse_level},
    stock::{level_records::StoredLevel, levels::LevelView, movements::movement, names::Names},
    write::access::Table,
};

/// The most low levels that are read, newest first.
pub(crate) const MAX_LOW: usize = 10_000;

/// The first items of a list, and its length.
#[derive(Debug, Clone)]
pub struct Excerpt<T> {
    pub first: Vec<T>,
    pub count: usize,
}

/// See [`crate::Store::reporting`].
#[derive(Debug, Clone, Copy)]
pub struct Reporting<'a> {
    table: &'a Table,
    keys: OrganizationKeys,
}

impl<'a> Reporting<'a> {
    pub(crate) fn new(table: &'a Table, organization: OrganizationId) -> Self {
        Self { table, keys: OrganizationKeys(organization) }
    }

    /// The totals of a week's movements. Reads only these movements, page after page.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn totals(&self, week: Week) -> Result<MovementTotals, StoreError> {
        let (low, high) = id_bounds(Some(week.start), Some(week.end));
        let shards = (0..SHARDS).map(|shard| {
            let range = Range::Between(low.clone(), high.clone());
            Query { range, ..Query::new(self.keys.movement_shard(shard), i32::MAX as usize) }
        });
        let totals = try_join_all(shards.map(|query| self.shard_totals(query))).await?;
        Ok(totals.into_iter().fold(MovementTotals::default(), MovementTotals::merge))
    }

    async fn shard_totals(&self, mut query: Query) -> Result<MovementTotals, StoreError> {
        let mut totals = MovementTotals::default();
        loop {
            let found = self.table.query(&query).await?;
            for item in &found.items {
                totals = totals.and(&movement(item)?);
            }
            query.after = found.last;
            if query.after.is_none() {
                return Ok(totals);
            }
        }
    }

    /// The low levels, newest first; reads no others.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn low(&self, most: usize) -> Result<Excerpt<LevelView>, StoreError> {
        let keys = self.low_keys().await?;
        let first = self.low_levels(keys.get(..most).unwrap_or(&keys)).await?;
        Ok(Excerpt { first, count: keys.len() })
    }

    /// The keys of low levels in the index, at most [`MAX_LOW`], each with its sort key there, which has the time it
    /// became low.
    pub(crate) async fn low_places(&self) -> Result<Vec<(Key, String)>, StoreError> {
        let mut query = Query { descending: true, ..Query::index(Index::One, self.keys.low(), MAX_LOW) };
        let (_, sort) = Index::One.key_names();
        let mut places = Vec::new();
        loop {
            let found = self.table.query(&query).await?;
            let place = |item: &Item| Some((Key::of(item)?, item.get(sort)?.as_s().ok()?.clone()));
            places.extend(found.items.iter().filter_map(place).filter(|(key, _)| parse_level(key).is_some()));
            query.examine = MAX_LOW.saturating_sub(places.len());
            query.after = found.last;
            if query.after.is_none() || query.examine == 0 {
                return Ok(places);
            }
        }
    }

    async fn low_keys(&self) -> Result<Vec<Key>, StoreError> {
        Ok(self.low_places().await?.into_iter().map(|(key, _)| key).collect())
    }

    /// The present state of these levels, in this order, without levels that are no longer low.
    pub(crate) async fn low_levels(&self, levels: &[Key]) -> Result<Vec<LevelView>, StoreError> {
        let places = levels.iter().filter_map(parse_level);
        let mut wanted = levels.to_vec();
        wanted.extend(
            places.flat_map(|(product, warehouse)| [self.keys.product(product), self.keys.warehouse(warehouse)]),
        );
        let items = self.table.get(&wanted).await?;
        let stored = levels.iter().filter_map(|key| items.get(key)).map(StoredLevel::of);
        let stored: Vec<_> = stored.collect::<Result<_, _>>()?;
        let mut levels = Names::of(self.keys, &stored, &items)?.show(&stored);
        levels.retain(|level| level.low_since.is_some());
        Ok(levels)
    }

    /// The submitted purchase requests, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn waiting(&self, most: usize) -> Result<Excerpt<PurchaseRequest>, StoreError> {
        let partition = self.keys.requests_in(PurchaseRequestStatus::Submitted);
        let mut query = Query::index(Index::One, partition, i32::MAX as usize);
        let mut waiting = Excerpt { first: Vec::new(), count: 0 };
        loop {
            let found = self.table.query(&query).await?;
            let room = most.saturating_sub(waiting.first.len());
            waiting.count = waiting.count.saturating_add(found.items.len());
            for item in found.items.into_iter().take(room) {
                waiting.first.push(data(&item)?);
            }
            query.after = found.last;
            if query.after.is_none() {
                return Ok(waiting);
            }
        }
    }
}
