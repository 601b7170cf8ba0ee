//! What an organization's managers are told of it as a whole: its week, what is low, what waits for them.

use futures_util::future::try_join_all;
use stockroom_domain::{
    id::OrganizationId,
    purchasing::{PurchaseRequest, RequestStatus},
    report::{MovementTotals, Week},
};

use crate::{
    dynamo::{
        item::{Item, into_data},
        key::{Index, Key},
        query::{Query, Range},
    },
    error::StoreError,
    keys::{OrganizationKeys, SHARDS, id_bounds, parse_level},
    stock::{level_records::StoredLevel, levels::LevelView, movements::movement, names::Names},
    write::access::Table,
};

/// How many low levels are looked at, the newest first; more of them are as good as all.
pub(crate) const MOST_LOW: usize = 10_000;

/// The first of some things, and how many there are in all.
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

    /// What the movements recorded in a week add up to. Reads those movements and no others, page after page.
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

    /// The levels below their minimum, the newest first; looks at no others.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn low(&self, most: usize) -> Result<Excerpt<LevelView>, StoreError> {
        let keys = self.low_keys().await?;
        let first = self.low_levels(keys.get(..most).unwrap_or(&keys)).await?;
        Ok(Excerpt { first, count: keys.len() })
    }

    /// The keys of the levels that the index has as low, at most [`MOST_LOW`], each with the place in the index that
    /// also says since when.
    pub(crate) async fn low_places(&self) -> Result<Vec<(Key, String)>, StoreError> {
        let mut query = Query { descending: true, ..Query::index(Index::One, self.keys.low(), MOST_LOW) };
        let (_, sort) = Index::One.key_names();
        let mut places = Vec::new();
        loop {
            let found = self.table.query(&query).await?;
            let place = |item: &Item| Some((Key::of(item)?, item.get(sort)?.as_s().ok()?.clone()));
            places.extend(found.items.iter().filter_map(place).filter(|(key, _)| parse_level(key).is_some()));
            query.examine = MOST_LOW.saturating_sub(places.len());
            query.after = found.last;
            if query.after.is_none() || query.examine == 0 {
                return Ok(places);
            }
        }
    }

    async fn low_keys(&self) -> Result<Vec<Key>, StoreError> {
        Ok(self.low_places().await?.into_iter().map(|(key, _)| key).collect())
    }

    /// These levels as they are now, in this order, without those that are low no more.
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

    /// The purchase requests that wait for a decision, those made first first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn waiting(&self, most: usize) -> Result<Excerpt<PurchaseRequest>, StoreError> {
        let partition = self.keys.requests_in(RequestStatus::Submitted);
        let mut query = Query::index(Index::One, partition, i32::MAX as usize);
        let mut waiting = Excerpt { first: Vec::new(), count: 0 };
        loop {
            let found = self.table.query(&query).await?;
            let room = most.saturating_sub(waiting.first.len());
            waiting.count = waiting.count.saturating_add(found.items.len());
            for item in found.items.into_iter().take(room) {
                waiting.first.push(into_data(item)?);
            }
            query.after = found.last;
            if query.after.is_none() {
                return Ok(waiting);
            }
        }
    }
}
