//! Domain events: log entries as other programs see them, in the order of their ids. Some entries have two events.
//!
//! An id is older than the commit of its entry, so a later id can become visible before an earlier one. The feed
//! therefore ends a margin before now that no write exceeds: see [`WRITE_DEADLINE`](crate::WRITE_DEADLINE).
//! Everything before that end is complete and final.

use std::time::Duration;

use stockroom_domain::{
    event::EventType,
    id::{EntityId, EventId},
    log::Entity,
};

use crate::{
    dynamo::{
        expression::{Expression, expression},
        item::encode,
        merge::share,
        page::{Page, PageItem, PageRequest, Position},
        query::{Query, Range},
    },
    error::StoreError,
    keys::{SHARDS, id_bounds, last_id, neighbours},
    views::audit::{BY_ID, LogEntry, What},
    write::{
        access::Table,
        scope::{Caller, TenantScope},
    },
};

/// A domain event.
#[derive(Debug, Clone)]
pub struct DomainEvent {
    /// Its id.
    pub id: EventId,
    /// Its type.
    pub kind: EventType,
    /// The thing that it is about.
    pub entity_id: EntityId,
    /// The entry that it comes from.
    pub entry: LogEntry,
}

impl DomainEvent {
    /// The events of an entry, in the order of their ids.
    pub(crate) fn of(entry: &LogEntry) -> Vec<Self> {
        let id = EventId::from(entry.id);
        let event = |id, kind, entity_id| Self { id, kind, entity_id, entry: entry.clone() };
        let own = EventType::of(entry.entity, entry.action).zip(entry.entity_id);
        let low = match &entry.what {
            What::Moved { movement, fell_below: Some(_) } => Some(movement.product_id),
            What::Moved { .. } | What::Changed { .. } => None,
        };
        let own = own.map(|(kind, entity)| event(id, kind, entity));
        own.into_iter().chain(low.map(|product| event(id.second(), EventType::STOCK_LOW, product.into()))).collect()
    }

    fn may_be_read_by(&self, reader: &Caller) -> bool {
        self.kind.may_be_read_by((reader.user.id, reader.user.role), self.entry.owner)
    }
}

/// The start of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// The first event.
    Start,
    /// After this event. It need not exist: an id is a point in time.
    Event(EventId),
}

/// Filters of a list of events.
#[derive(Debug, Clone, Copy)]
pub struct EventFilter {
    /// Only this type.
    pub kind: Option<EventType>,
    /// As a feed: only events older than this margin, after that start.
    pub feed: Option<(Since, Duration)>,
}

/// See [`crate::Store::events`].
#[derive(Debug, Clone, Copy)]
pub struct Events<'a> {
    table: &'a Table,
    scope: &'a TenantScope,
}

impl<'a> Events<'a> {
    pub(crate) fn new(table: &'a Table, scope: &'a TenantScope) -> Self {
        Self { table, scope }
    }

    /// One event.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for an event that the caller may not read.
    pub async fn get(&self, id: EventId) -> Result<DomainEvent, StoreError> {
        let key = self.scope.keys().any_entry(id.entry());
        let items = self.table.get_for(self.scope, std::slice::from_ref(&key)).await?;
        let caller = self.table.verify(self.scope).await?;
        let entry = LogEntry::of(items.get(&key).ok_or(StoreError::NotFound)?)?;
        let found = DomainEvent::of(&entry).into_iter().find(|event| event.id == id && event.may_be_read_by(caller));
        found.ok_or(StoreError::NotFound)
    }

    /// A page of the events that the caller may read. It examines a bounded number of entries, so it may be short or
    /// empty and still have a next page. A feed is always oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list(&self, filter: &EventFilter, page: &PageRequest) -> Result<Page<DomainEvent>, StoreError> {
        let now = self.table.sources.now();
        let page = PageRequest { descending: page.descending && filter.feed.is_none(), ..page.clone() };
        let (since, settled) = match filter.feed {
            Some((since, margin)) => (Some(since), Some(now.minus(margin))),
            None => (None, None),
        };
        let reached = page.after.as_ref().and_then(|position| last_id::<EventId>(position.get(BY_ID.name)?));
        let reached = reached.or(match since {
            Some(Since::Event(id)) => Some(id),
            Some(Since::Start) | None => None,
        });
        // The entry of the last event of the previous page may have a second event. It is read again, and events that
        // were returned are left out.
        let (low, high) = id_bounds(None, settled);
        let (low, high) = match reached {
            Some(reached) if page.descending => (low, neighbours(reached).0),
            Some(reached) => (reached.to_string(), high),
            None => (low, high),
        };
        let queries = self.queries(filter.kind, &page)?.into_iter();
        let queries =
            queries.map(|query| Query { range: Range::Between(low.clone(), high.clone()), ..query }).collect();
        let found = self.table.beside_check(self.scope, self.table.merge(BY_ID, queries, &page)).await?;
        let caller = self.table.verify(self.scope).await?;

        let mut items = Vec::new();
        for (_, item) in &found.lines {
            items.extend(DomainEvent::of(&LogEntry::of(item)?));
        }
        items.retain(|event| {
            let is_told =
                reached.is_some_and(|reached| if page.descending { event.id >= reached } else { event.id <= reached });
            !is_told && filter.kind.is_none_or(|kind| kind == event.kind) && event.may_be_read_by(caller)
        });
        items.sort_by_key(|event| event.id);
        if page.descending {
            items.reverse();
        }
        let next = if items.len() > page.limit {
            items.truncate(page.limit);
            items.last().map(|event| event.id)
        } else {
            // All events of the entry where the query stopped were examined.
            let stop = found.stop.and_then(|stop| last_id::<EventId>(&stop));
            stop.map(|stop| if page.descending { stop } else { stop.second() })
        };
        let position = |id: EventId| Position::single(BY_ID.name, id);
        let listed = items.into_iter().map(|event| PageItem { position: position(event.id), item: event }).collect();
        Ok(Page::new(listed, next.map(position)))
    }

    /// The partitions of events of a type, or of all.
    fn queries(&self, kind: Option<EventType>, page: &PageRequest) -> Result<Vec<Query>, StoreError> {
        let keys = self.scope.keys();
        let origins: Vec<_> = kind.into_iter().flat_map(EventType::origins).collect();
        let is_of_stock = |entity: &Entity| *entity == Entity::StockMovement;
        let has_others = kind.is_none() || origins.iter().any(|(entity, _)| !is_of_stock(entity));
        let has_movements = kind.is_none() || !has_others;

        let mut condition = Expression::default();
        if let Some((entity, action)) = origins.first().filter(|_| has_others) {
            condition = expression("#data.#entity = :entity AND #data.#action = :action")
                .with("entity", encode(entity)?)
                .with("action", encode(action)?);
        }
        let low = if kind == Some(EventType::STOCK_LOW) {
            expression("attribute_exists(#data.#fell_below)")
        } else {
            Expression::default()
        };
        let query =
            |partition, filter: &Expression| Query { filter: filter.clone(), ..Query::new(partition, share(page)) };
        let others = (0..SHARDS).filter(|_| has_others).map(|shard| query(keys.log_shard(shard), &condition));
        let movements = (0..SHARDS).filter(|_| has_movements).map(|shard| query(keys.movement_shard(shard), &low));
        Ok(others.chain(movements).collect())
    }
}
