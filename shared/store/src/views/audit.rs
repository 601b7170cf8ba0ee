//! The audit log: all entries, movements included, in the order of their ids.

use serde::Deserialize;
use serde_json::Value;
use stockroom_domain::{
    id::{ChangeId, EntityId, EntryId, UserId},
    log::{Action, Entity},
    quantity::Quantity,
    stock::{Movement, MovementType},
    time::Timestamp,
    user::Person,
};

use crate::{
    dynamo::{
        expression::{Expression, expression},
        item::{Item, data, encode, s},
        key::Index,
        merge::{Merge, share, text},
        page::{Page, PageRequest},
        query::{Query, Range},
    },
    error::StoreError,
    keys::{SHARDS, id_bounds, last_id, neighbours},
    stock::movements::{MovementEntry, MovementFilter, conditions, movement_entry},
    write::{
        access::Table,
        log::{Origin, OriginRecord},
        scope::TenantScope,
    },
};

/// The order of entries: by their ids.
pub(crate) const BY_ID: Merge = Merge { order: |item| text(item, "sk"), name: "sk" };

/// One entry of the log.
#[derive(Debug, Clone)]
pub struct LogEntry {
    pub id: EntryId,
    /// The same in all entries of one change.
    pub change_id: ChangeId,
    pub action: Action,
    pub entity: Entity,
    /// None for an unknown account, such as a failed sign-in.
    pub entity_id: Option<EntityId>,
    /// None without a signed-in user.
    pub actor: Option<Person>,
    pub what: What,
    pub origin: Origin,
    pub created_at: Timestamp,
    /// The user who owns the changed entity, if any.
    pub owner: Option<UserId>,
}

/// The content of an entry.
#[derive(Debug, Clone)]
pub enum What {
    /// States before and after: the members that changed, with quantities as text.
    Changed {
        /// None for a creation.
        before: Option<Value>,
        /// None for a deletion.
        after: Option<Value>,
    },
    /// A movement.
    Moved {
        /// The movement.
        movement: Box<Movement>,
        /// The minimum, if the level fell below it with this movement.
        fell_below: Option<Quantity>,
    },
}

/// An entry as it is stored, except movements.
#[derive(Debug, Deserialize)]
struct StoredEntry {
    change_id: ChangeId,
    action: Action,
    entity: Entity,
    entity_id: Option<EntityId>,
    actor: Option<Person>,
    before: Option<Value>,
    after: Option<Value>,
    #[serde(flatten)]
    origin: OriginRecord,
    created_at: Timestamp,
    owner: Option<UserId>,
}

impl LogEntry {
    /// The entry of an item, or of an index's view of it.
    pub(crate) fn of(item: &Item) -> Result<Self, StoreError> {
        let id = item.get("sk").and_then(|sk| last_id::<EntryId>(sk.as_s().ok()?));
        let id = id.ok_or_else(|| StoreError::internal("an entry has no id"))?;
        if id.is_of_movement() {
            return movement_entry(item).map(Self::from);
        }
        let stored: StoredEntry = data(item)?;
        let concerned = stored.entity_id.filter(|_| stored.entity == Entity::User);
        Ok(Self {
            id,
            change_id: stored.change_id,
            action: stored.action,
            entity: stored.entity,
            entity_id: stored.entity_id,
            actor: stored.actor,
            what: What::Changed { before: stored.before, after: stored.after },
            origin: stored.origin.into(),
            created_at: stored.created_at,
            owner: stored.owner.or(concerned.map(UserId::from)),
        })
    }
}

impl From<MovementEntry> for LogEntry {
    fn from(entry: MovementEntry) -> Self {
        let MovementEntry { movement, fell_below, change_id, origin } = entry;
        Self {
            id: movement.id.into(),
            // The only entry of its change stands for it.
            change_id: change_id.unwrap_or_else(|| EntryId::from(movement.id).into()),
            action: movement.kind.action(),
            entity: Entity::StockMovement,
            entity_id: Some(movement.id.into()),
            actor: Some(movement.created_by.clone()),
            origin: origin.into(),
            created_at: movement.created_at,
            owner: None,
            what: What::Moved { movement: Box::new(movement), fell_below },
        }
    }
}

/// Filters of a list of entries.
#[derive(Debug, Clone, Copy, Default)]
pub struct EntryFilter {
    pub entity: Option<Entity>,
    pub entity_id: Option<EntityId>,
    pub actor: Option<UserId>,
    pub action: Option<Action>,
    /// Written at this time or later.
    pub from: Option<Timestamp>,
    /// Written before this time.
    pub to: Option<Timestamp>,
}

impl EntryFilter {
    /// The filter for movements; `None` if it excludes all.
    fn of_movements(&self) -> Option<MovementFilter> {
        let kinds: Vec<_> = MovementType::ALL
            .into_iter()
            .filter(|kind| self.action.is_some_and(|action| kind.action() == action))
            .collect();
        let fits = self.entity.is_none_or(|entity| entity == Entity::StockMovement);
        let fits = fits && (self.action.is_none() || !kinds.is_empty());
        fits.then(|| MovementFilter { kinds, created_by: self.actor, ..MovementFilter::default() })
    }

    /// Whether it includes entries other than movements.
    fn has_others(&self) -> bool {
        let is_stock = |action: Action| MovementType::ALL.iter().any(|kind| kind.action() == action);
        self.entity != Some(Entity::StockMovement) && !self.action.is_some_and(is_stock)
    }
}

/// See [`crate::Store::audit_log`].
#[derive(Debug, Clone, Copy)]
pub struct AuditLog<'a> {
    table: &'a Table,
    scope: &'a TenantScope,
}

impl<'a> AuditLog<'a> {
    pub(crate) fn new(table: &'a Table, scope: &'a TenantScope) -> Self {
        Self { table, scope }
    }

    /// One entry.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, id: EntryId) -> Result<LogEntry, StoreError> {
        let key = self.scope.keys().any_entry(id);
        let items = self.table.get_for(self.scope, std::slice::from_ref(&key)).await?;
        LogEntry::of(items.get(&key).ok_or(StoreError::NotFound)?)
    }

    /// A page of entries, by time. It examines a bounded number of entries, so with a filter it may be short or empty
    /// and still have a next page.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list(&self, filter: &EntryFilter, page: &PageRequest) -> Result<Page<LogEntry>, StoreError> {
        let (mut low, mut high) = id_bounds(filter.from, filter.to);
        let reached = page.after.as_ref().and_then(|position| last_id::<EntryId>(position.get(BY_ID.name)?));
        match reached.map(neighbours) {
            Some((before, _)) if page.descending => high = before,
            Some((_, behind)) => low = behind,
            None => {}
        }
        let mut queries = self.others(filter, page)?;
        queries.extend(self.movements(filter, page));
        for query in &mut queries {
            query.range = match std::mem::replace(&mut query.range, Range::All) {
                Range::Between(least, most) => Range::Between(least.max(low.clone()), most.min(high.clone())),
                Range::All | Range::Prefix(_) => Range::Between(low.clone(), high.clone()),
            };
        }
        let found = self.table.merged_page(BY_ID, queries, page);
        self.table.beside_check(self.scope, found).await?.try_map(|item| LogEntry::of(&item))
    }

    /// The queries for entries other than movements: by thing, by actor, or all.
    fn others(&self, filter: &EntryFilter, page: &PageRequest) -> Result<Vec<Query>, StoreError> {
        if !filter.has_others() {
            return Ok(Vec::new());
        }
        let keys = self.scope.keys();
        let mut condition = Expression::default();
        if let Some(entity) = filter.entity {
            condition = condition.and(expression("#data.#entity = :entity").with("entity", encode(&entity)?));
        }
        if let Some(action) = filter.action {
            condition = condition.and(expression("#data.#action = :action").with("action", encode(&action)?));
        }
        Ok(match (filter.entity_id, filter.actor) {
            (Some(id), actor) => {
                if let Some(actor) = actor {
                    condition = condition.and(expression("#data.#actor.#id = :actor").with("actor", s(actor)));
                }
                let query = Query::index(Index::One, keys.history(id), page.limit.saturating_add(1));
                vec![Query { filter: condition, ..query }]
            }
            (None, Some(actor)) => {
                let query = Query::index(Index::Two, keys.actor(actor), page.limit.saturating_add(1));
                vec![Query { filter: condition, ..query }]
            }
            (None, None) => {
                let shard =
                    |shard| Query { filter: condition.clone(), ..Query::new(keys.log_shard(shard), share(page)) };
                (0..SHARDS).map(shard).collect()
            }
        })
    }

    fn movements(&self, filter: &EntryFilter, page: &PageRequest) -> Vec<Query> {
        let Some(wanted) = filter.of_movements() else { return Vec::new() };
        let keys = self.scope.keys();
        let condition = conditions(&wanted);
        if let Some(id) = filter.entity_id {
            // A movement is its own entry.
            let key = keys.movement(id);
            let range = Range::Between(key.sk.clone(), key.sk);
            return vec![Query { range, filter: condition, ..Query::new(key.pk, 2) }];
        }
        let shard = |shard| Query { filter: condition.clone(), ..Query::new(keys.movement_shard(shard), share(page)) };
        (0..SHARDS).map(shard).collect()
    }
}
