//! Products, suppliers and warehouses: the operations that they share.

pub(crate) mod barcodes;
pub(crate) mod deletion;
pub(crate) mod products;
pub(crate) mod stored;
pub(crate) mod warehouses;

use aws_sdk_dynamodb::types::AttributeValue;
use stockroom_domain::{
    catalogue::Resource,
    log::Action,
    text::{Category, SearchTerm, fold},
};

use crate::{
    catalogue::stored::{SEARCH, Stored},
    dynamo::{
        expression::{Expression, absent, expression, version_is},
        item::{DATA, Item, data, encode, s},
        key::{Index, Key},
        page::{Page, PageRequest},
        query::Query,
    },
    error::{Conflict, StoreError},
    keys::name_sort,
    write::{
        Attempt, Authority, Change, Decision, Outcome,
        access::Table,
        fence::{DeletionFence, HAS_LEVELS, PROPAGATING, REQUESTS, USES, counted, not_fenced, same_uses},
        log::{difference, snapshot},
        scope::TenantScope,
    },
};

/// Filters of a list.
#[derive(Debug, Clone, Default)]
pub struct CatalogueFilter {
    /// A part of the name, or of a product's SKU or barcode; case does not matter.
    pub search: Option<SearchTerm>,
    /// The category, exactly.
    pub category: Option<Category>,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatalogueSort {
    /// By age.
    CreatedAt,
    /// By name, case folded.
    Name,
}

/// The result of a change.
#[derive(Debug)]
pub(crate) enum Revised<R> {
    Done {
        resource: R,
        /// Whether its new minimum has to be propagated to its levels.
        propagates: bool,
    },
    /// The change redefines quantities, and the resource does not say whether it has levels: look for them first.
    LevelsUnknown,
}

/// See [`crate::Store::suppliers`].
#[derive(Debug)]
pub struct Catalogue<'a, D> {
    pub(crate) table: &'a Table,
    pub(crate) scope: &'a TenantScope,
    details: std::marker::PhantomData<fn() -> D>,
}

impl<'a, D: Stored> Catalogue<'a, D> {
    pub(crate) fn new(table: &'a Table, scope: &'a TenantScope) -> Self {
        Self { table, scope, details: std::marker::PhantomData }
    }

    pub(crate) fn key(&self, id: D::Id) -> Key {
        Key::new(self.scope.keys().catalogue(D::KIND), id)
    }

    fn code_key(&self, code: &str) -> Key {
        Key::new(self.scope.keys().skus(), code)
    }

    /// One resource.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, id: D::Id) -> Result<Resource<D>, StoreError> {
        let key = self.key(id);
        let items = self.table.get_for(self.scope, std::slice::from_ref(&key)).await?;
        data(items.get(&key).ok_or(StoreError::NotFound)?)
    }

    /// A page of resources.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list(
        &self,
        filter: &CatalogueFilter,
        sort: CatalogueSort,
        page: &PageRequest,
    ) -> Result<Page<Resource<D>>, StoreError> {
        self.list_where(filter, sort, Expression::default(), page).await
    }

    /// A page under a further condition that no index serves.
    pub(crate) async fn list_where(
        &self,
        filter: &CatalogueFilter,
        sort: CatalogueSort,
        condition: Expression,
        page: &PageRequest,
    ) -> Result<Page<Resource<D>>, StoreError> {
        let keys = self.scope.keys();
        let category = filter.category.as_ref().map(Category::as_str);
        let mut query = match (sort, category) {
            (CatalogueSort::Name, _) => Query::index(Index::Two, keys.by_name(D::KIND), 0),
            (CatalogueSort::CreatedAt, Some(category)) => Query::index(Index::One, keys.category(category), 0),
            (CatalogueSort::CreatedAt, None) => Query::new(keys.catalogue(D::KIND), 0),
        };
        query.filter = condition;
        if let Some(search) = &filter.search {
            let found = expression("contains(#data.#search, :search)").with(SEARCH, s(search.search_folded()));
            query.filter = query.filter.and(found);
        }
        if let (CatalogueSort::Name, Some(category)) = (sort, category) {
            query.filter = query.filter.and(expression("#data.#category = :category").with("category", s(category)));
        }
        self.table.beside_check(self.scope, self.table.page(query, page)).await?.try_map(|item| data(&item))
    }

    /// Adds a resource.
    ///
    /// # Errors
    /// [`Conflict::DuplicateSku`], [`StoreError::Rejected`] when members do not fit each other.
    pub async fn add(
        &self,
        details: &D,
        present: impl Fn(&Resource<D>) -> Vec<u8>,
    ) -> Result<Outcome<Resource<D>>, StoreError> {
        let organization = self.scope.claim().organization;
        let code_key = details.unique_code().map(|code| self.code_key(&code));
        let decide = |attempt: &Attempt<'_>| {
            reject(details)?;
            if code_key.as_ref().is_some_and(|key| attempt.find(key).is_some()) {
                return Err(StoreError::Conflict(Conflict::DuplicateSku));
            }
            let resource = Resource {
                id: attempt.id(),
                version: 1,
                created_at: attempt.now,
                updated_at: attempt.now,
                details: details.clone(),
            };
            let entry =
                attempt.entry(Action::Create, (D::ENTITY, resource.id), (None, Some(snapshot(&resource.details)?)));
            let item = self.item(&resource)?;
            let mut change = Change::logged(resource.clone(), organization, &entry)?.put(item, &absent())?;
            if let Some(key) = &code_key {
                change = change.put(pointer_item(key, resource.id), &absent())?;
            }
            self.point(change, resource.id, None, Some(&resource.details))
        };
        self.table.write(Authority::Tenant(self.scope), code_key.as_slice(), decide, present).await
    }

    /// Changes the details of a resource, derived from its present ones; writes nothing if they are equal.
    /// `has_no_levels` says that a search found no levels.
    pub(crate) async fn revise(
        &self,
        id: D::Id,
        expected: Option<u64>,
        has_no_levels: bool,
        revise: impl Fn(&D) -> D,
    ) -> Result<Revised<Resource<D>>, StoreError> {
        let organization = self.scope.claim().organization;
        let key = self.key(id);
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<_>, StoreError> {
            let item = attempt.find(&key).ok_or(StoreError::NotFound)?;
            if DeletionFence::of(item)?.is_some_and(|fence| fence.is_active(attempt.now)) {
                return Ok(Decision::Wait("it is being deleted"));
            }
            let before: Resource<D> = expect(attempt, &key, expected)?;
            let details = revise(&before.details);
            reject(&details)?;
            if details == before.details {
                let propagates = item.contains_key(PROPAGATING);
                return Ok(Decision::Keep(Revised::Done { resource: before, propagates }));
            }
            if before.details.redefines_quantities(&details) {
                require_unused(item)?;
                if !has_no_levels {
                    return Ok(Decision::Keep(Revised::LevelsUnknown));
                }
            }
            let attempt = &attempt.behind(before.updated_at);
            let after = Resource {
                id,
                version: before.version.saturating_add(1),
                created_at: before.created_at,
                updated_at: attempt.now,
                details,
            };
            let (old_code, new_code) = (before.details.unique_code(), after.details.unique_code());
            let new_claim = new_code.as_ref().filter(|_| old_code != new_code).map(|code| self.code_key(code));
            if let Some(claim) = new_claim.as_ref().filter(|claim| attempt.is_repeated && !attempt.has_read(claim)) {
                return Ok(Decision::Read(vec![claim.clone()]));
            }
            if let Some(claim) = new_claim.as_ref().and_then(|claim| attempt.find(claim)) {
                // Plain reads of several items are not of one moment: the claim may be newer than the item.
                return match claimed_by::<D::Id>(claim) {
                    Some(owner) if owner == id => Ok(Decision::Wait("its code is being changed")),
                    Some(_) | None => Err(StoreError::Conflict(Conflict::DuplicateSku)),
                };
            }
            let (shown_before, shown_after) = difference(snapshot(&before.details)?, snapshot(&after.details)?);
            let entry = attempt.entry(Action::Update, (D::ENTITY, id), (Some(shown_before), Some(shown_after)));
            let as_read = version_is(before.version).and(not_fenced(attempt.now)).and(same_uses(item));
            let propagates = item.contains_key(PROPAGATING) || before.details.propagates(&after.details);
            let mut new_item = self.item(&after)?;
            if propagates {
                new_item.insert(PROPAGATING.to_owned(), AttributeValue::Bool(true));
            }
            for name in USES {
                new_item.extend(item.get(name).map(|value| (name.to_owned(), value.clone())));
            }
            let revised = Revised::Done { resource: after.clone(), propagates };
            let mut change = Change::logged(revised, organization, &entry)?.put(new_item, &as_read)?;
            change = self.point(change, id, Some(&before.details), Some(&after.details))?;
            if let Some(claim) = new_claim {
                if let Some(old) = old_code {
                    change = change.delete(&self.code_key(&old), &is_claimed_by(id))?;
                }
                change = change.put(pointer_item(&claim, id), &absent())?;
            }
            Ok(change.into())
        };
        self.table.change(Authority::Tenant(self.scope), std::slice::from_ref(&key), decide).await
    }

    /// Changes the details of a resource, derived from its present ones.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::VersionMismatch`], [`Conflict::DuplicateSku`], [`StoreError::Rejected`].
    pub async fn change(
        &self,
        id: D::Id,
        expected: Option<u64>,
        revise: impl Fn(&D) -> D,
    ) -> Result<Resource<D>, StoreError> {
        match self.revise(id, expected, true, revise).await? {
            Revised::Done { resource, .. } => Ok(resource),
            Revised::LevelsUnknown => Err(StoreError::internal("levels were reported unknown although they were read")),
        }
    }

    /// Deletes a resource. The log and purchase requests keep its data.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::VersionMismatch`].
    pub async fn delete(&self, id: D::Id, expected: Option<u64>) -> Result<(), StoreError> {
        let key = self.key(id);
        let decide = |attempt: &Attempt<'_>| {
            let resource: Resource<D> = expect(attempt, &key, expected)?;
            self.deletion(attempt, &resource, &version_is(resource.version))
        };
        self.table.change(Authority::Tenant(self.scope), std::slice::from_ref(&key), decide).await
    }

    pub(crate) fn deletion(
        &self,
        attempt: &Attempt<'_>,
        resource: &Resource<D>,
        condition: &Expression,
    ) -> Result<Change<()>, StoreError> {
        let attempt = &attempt.behind(resource.updated_at);
        let before = snapshot(&resource.details)?;
        let entry = attempt.entry(Action::Delete, (D::ENTITY, resource.id), (Some(before), None));
        let change =
            Change::logged((), self.scope.claim().organization, &entry)?.delete(&self.key(resource.id), condition)?;
        let change = self.point(change, resource.id, Some(&resource.details), None)?;
        match resource.details.unique_code() {
            Some(code) => change.delete(&self.code_key(&code), &is_claimed_by(resource.id)),
            None => Ok(change),
        }
    }

    fn item(&self, resource: &Resource<D>) -> Result<Item, StoreError> {
        let keys = self.scope.keys();
        let (details, id) = (&resource.details, resource.id);
        let mut data = encode(resource)?;
        if let AttributeValue::M(members) = &mut data {
            members.retain(|_, value| !value.is_null());
            members.insert(SEARCH.to_owned(), s(details.search_text()));
        }
        let mut item = self.key(id).attributes();
        item.insert(DATA.to_owned(), data);
        if let Some(category) = details.category() {
            Index::One.insert(&mut item, (keys.category(category.as_str()), id.to_string()));
        }
        Index::Two.insert(&mut item, (keys.by_name(D::KIND), name_sort(&fold(details.name()), id)));
        Ok(item)
    }
}

/// The product that a SKU's claim is for, or a barcode's pointer.
pub(crate) fn claimed_by<I: std::str::FromStr>(claim: &Item) -> Option<I> {
    claim.get("id")?.as_s().ok()?.parse().ok()
}

/// The item that leads from a code to a resource.
pub(crate) fn pointer_item(key: &Key, id: impl std::fmt::Display) -> Item {
    let mut item = key.attributes();
    item.insert("id".to_owned(), s(id));
    item
}

/// Refuses a change of the meaning of recorded quantities, as far as the item itself shows that they exist.
fn require_unused(item: &Item) -> Result<(), StoreError> {
    if item.contains_key(HAS_LEVELS) {
        return Err(StoreError::Conflict(Conflict::QuantitiesRecorded));
    }
    if counted(item, REQUESTS) != 0 {
        return Err(StoreError::Conflict(Conflict::QuantitiesRequested));
    }
    Ok(())
}

fn is_claimed_by(id: impl std::fmt::Display) -> Expression {
    expression("#id = :id").with("id", s(id))
}

/// The resource of an attempt, in the expected version.
fn expect<D: Stored>(attempt: &Attempt<'_>, key: &Key, expected: Option<u64>) -> Result<Resource<D>, StoreError> {
    let resource: Resource<D> = data(attempt.find(key).ok_or(StoreError::NotFound)?)?;
    if expected.is_some_and(|version| version != resource.version) {
        return Err(StoreError::VersionMismatch);
    }
    Ok(resource)
}

fn reject<D: Stored>(details: &D) -> Result<(), StoreError> {
    let faults = details.faults();
    if faults.is_empty() {
        return Ok(());
    }
    Err(StoreError::Rejected(faults.into_iter().map(|(member, fault)| (member.into(), fault)).collect()))
}
