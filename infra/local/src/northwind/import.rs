//! Writes the company into the table, through the same rules as any other: each write under a clock that shows the date of
//! its record. What a run before this one left unfinished is finished; what is there is never written again.

use std::time::Duration;

use stockroom_api::{ApiError, password::Hasher};
use stockroom_domain::{
    access::Permission,
    catalogue::Product,
    fault::Fault,
    id::{OrganizationId, ProductId, UserId, WarehouseId},
    organization::Currency,
    source::{Clock, Sources},
    stock::NewMovement,
    time::Timestamp,
    user::Password,
};
use stockroom_runtime::Runtime;
use stockroom_store::{
    CatalogueFilter, CatalogueSort, Claim, IdempotencyKey, MovementFilter, NewOrganization, NewPassword, NewUser,
    Origin, Outcome, Page, PageRequest, ProductFilter, ProductSort, Store, StoreError, TableClient, TenantScope,
};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};

use super::plan::{ADMIN, COMPANY, MANAGER, PASSWORD, Person, Plan, PlannedMovement, STAFF, SUBDOMAIN};

/// How many products' movements are recorded side by side.
const WORKERS: usize = 8;
const PAGE: usize = 100;
const DAY: Duration = Duration::from_hours(24);

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Movements that are in the ledger, those of earlier runs included.
    pub recorded: usize,
    /// All there will be.
    pub total: usize,
}

/// What an import came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// The company is complete now.
    Completed,
    /// It was before; whatever has been done with it since stays.
    Present,
    /// The subdomain belongs to somebody else, or to the company without its first admin.
    Foreign,
}

/// Why an import did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file does not hold what it should.
    #[error("the sample company's records cannot be read: {0}")]
    Records(#[from] csv::Error),
    /// A value is not one that the product takes.
    #[error("the sample company's records have a value that {0}")]
    Value(#[from] Fault),
    /// A record names another that is not there.
    #[error("the sample company's records do not fit each other")]
    Inconsistent,
    /// No hash of the password.
    #[error("the sample company's password cannot be hashed: {0}")]
    Password(String),
    /// The ledger has movements that are none of the company's.
    #[error("the sample company was used before its import was complete: start again with another --data-dir")]
    Used,
    /// The store refused or failed.
    #[error("the sample company's import failed: {0}")]
    Store(#[from] StoreError),
    /// A part of it broke off.
    #[error("the sample company's import broke off: {0}")]
    Broken(#[from] JoinError),
}

/// Makes the company complete, and tells how far it is as often as that changes.
///
/// It can be dropped at any moment; the next one goes on from there.
///
/// # Errors
///
/// When the table cannot be reached or the company was used while it was incomplete.
pub async fn import(runtime: &Runtime, progress: impl FnMut(Progress)) -> Result<Imported, ImportError> {
    let plan = Plan::make()?;
    let client = TableClient::new(runtime.config.connection.clone());
    let importer = Importer { client, sources: runtime.sources.clone() };
    let Some((organization, admin)) = importer.company(&plan).await? else {
        return Ok(Imported::Foreign);
    };
    let scope = |user, permission| {
        let origin = Origin { request_id: "northwind".to_owned(), ..Origin::default() };
        TenantScope::new(Claim { organization, user, session: None }, permission, origin)
    };
    match importer.is_complete(&plan, &scope(admin, Permission::ReadStock)).await {
        Ok(true) => return Ok(Imported::Present),
        Ok(false) => {}
        Err(StoreError::Unauthenticated) => return Ok(Imported::Foreign),
        Err(error) => return Err(error.into()),
    }
    let manage = scope(admin, Permission::ManageUsers);
    let manager = importer.person(MANAGER, plan.founded(1), &manage).await?;
    let staff = importer.person(STAFF, plan.founded(2), &manage).await?;
    let keep_catalogue = scope(manager, Permission::WriteCatalogue);
    importer.suppliers(&plan, &keep_catalogue).await?;
    let warehouse = importer.warehouse(&plan, &keep_catalogue).await?;
    let products = importer.products(&plan, &keep_catalogue).await?;
    importer.movements(&plan, &scope(staff, Permission::RecordStock), warehouse, &products, progress).await?;
    Ok(Imported::Completed)
}

/// A clock that stands still.
#[derive(Debug, Clone, Copy)]
struct StoppedAt(Timestamp);

impl Clock for StoppedAt {
    fn now(&self) -> Timestamp {
        self.0
    }
}

#[derive(Debug, Clone)]
struct Importer {
    client: TableClient,
    sources: Sources,
}

/// A planned movement of a product that is there.
struct Recording {
    at: Timestamp,
    key: IdempotencyKey,
    new: NewMovement,
}

impl Importer {
    /// The store as it was at a moment.
    fn at(&self, moment: Timestamp) -> Store {
        Store::new(self.client.clone(), self.sources.with_clock(StoppedAt(moment)))
    }

    fn password(&self) -> Result<NewPassword, ImportError> {
        let password: Password = PASSWORD.parse()?;
        let failed = |error: ApiError| ImportError::Password(format!("{error:?}"));
        let hash = Hasher::new(self.sources.clone()).hash(password.reveal()).map_err(failed)?;
        Ok(NewPassword { password, hash })
    }

    /// The company and its first admin, founded now if need be; `None` when the name is taken without that admin.
    async fn company(&self, plan: &Plan) -> Result<Option<(OrganizationId, UserId)>, ImportError> {
        let store = self.at(plan.founded(0));
        if let Some(credential) = store.identity().credential(SUBDOMAIN, &ADMIN.email.parse()?).await? {
            return Ok(credential.user().map(|user| (credential.organization(), user)));
        }
        let new = NewOrganization {
            name: COMPANY.parse()?,
            subdomain: SUBDOMAIN.parse()?,
            currency: Currency::default(),
            admin_email: ADMIN.email.parse()?,
            admin_name: ADMIN.full_name.parse()?,
            admin_hash: self.password()?.hash,
        };
        let origin = Origin { request_id: "northwind".to_owned(), ..Origin::default() };
        let signed_up = done(store.organizations().sign_up(&new, &origin, None, |_| Vec::new()).await?)?;
        Ok(Some((signed_up.organization.id, signed_up.admin.id)))
    }

    /// The last order line is recorded after all else, and no movement is ever deleted.
    async fn is_complete(&self, plan: &Plan, scope: &TenantScope) -> Result<bool, StoreError> {
        let Some(last) = plan.movements.last() else {
            return Ok(true);
        };
        let wanted = plan.movements.iter().filter(|movement| movement.reference == last.reference).count();
        let filter = MovementFilter {
            reference: Some(last.reference.clone()),
            from: Some(last.at),
            to: Some(last.at.plus(DAY)),
            ..MovementFilter::default()
        };
        let page = PageRequest { limit: PAGE, after: None, descending: false };
        let found = self.at(last.at).movements(scope).list(&filter, &page).await?;
        Ok(found.items.len() >= wanted)
    }

    async fn person(&self, person: Person, at: Timestamp, scope: &TenantScope) -> Result<UserId, ImportError> {
        let store = self.at(at);
        let email = person.email.parse()?;
        let credential = store.identity().credential(SUBDOMAIN, &email).await?;
        if let Some(user) = credential.and_then(|credential| credential.user()) {
            return Ok(user);
        }
        let (full_name, password) = (person.full_name.parse()?, Some(self.password()?));
        let new = NewUser { email, full_name, role: person.role, password };
        Ok(done(store.users(scope).add(&new, |_| Vec::new()).await?)?.user.id)
    }

    async fn suppliers(&self, plan: &Plan, scope: &TenantScope) -> Result<(), ImportError> {
        let store = self.at(plan.founded(0));
        let (filter, sort) = (CatalogueFilter::default(), CatalogueSort::CreatedAt);
        let known = all(async |page| store.suppliers(scope).list(&filter, sort, &page).await).await?;
        for (place, supplier) in plan.suppliers.iter().enumerate() {
            if known.iter().all(|known| known.details.name != supplier.name) {
                let store = self.at(plan.founded(place));
                done(store.suppliers(scope).add(supplier, |_| Vec::new()).await?)?;
            }
        }
        Ok(())
    }

    async fn warehouse(&self, plan: &Plan, scope: &TenantScope) -> Result<WarehouseId, ImportError> {
        let store = self.at(plan.founded(0));
        let (filter, sort) = (CatalogueFilter::default(), CatalogueSort::CreatedAt);
        let known = all(async |page| store.warehouses(scope).list(&filter, sort, &page).await).await?;
        match known.into_iter().find(|known| known.details.name == plan.warehouse.name) {
            Some(known) => Ok(known.id),
            None => Ok(done(store.warehouses(scope).add(&plan.warehouse, |_| Vec::new()).await?)?.id),
        }
    }

    async fn products(&self, plan: &Plan, scope: &TenantScope) -> Result<Vec<ProductId>, ImportError> {
        let store = self.at(plan.founded(0));
        let (filter, sort) = (ProductFilter::default(), ProductSort::Catalogue(CatalogueSort::CreatedAt));
        let known = all(async |page| store.products(scope).list(&filter, sort, &page).await).await?;
        let mut ids = Vec::new();
        for (place, product) in plan.products.iter().enumerate() {
            let is_it = |known: &&Product| known.details.sku.folded() == product.sku.folded();
            let id = if let Some(known) = known.iter().find(is_it) {
                known.id
            } else {
                let store = self.at(plan.founded(place));
                done(store.products(scope).add(product, |_| Vec::new()).await?)?.id
            };
            ids.push(id);
        }
        Ok(ids)
    }

    /// Records what is missing: some products at a time, the movements of each one after the other, the last of all when
    /// the others are done.
    async fn movements(
        &self,
        plan: &Plan,
        scope: &TenantScope,
        warehouse: WarehouseId,
        products: &[ProductId],
        mut progress: impl FnMut(Progress),
    ) -> Result<(), ImportError> {
        let mut reached = Vec::new();
        for (place, product) in products.iter().enumerate() {
            reached.push(self.reached(plan, scope, warehouse, (place, *product)).await?);
        }
        let is_missing = |movement: &&PlannedMovement| {
            reached.get(movement.product).is_some_and(|sequence| movement.sequence > *sequence)
        };
        let missing: Vec<&PlannedMovement> = plan.movements.iter().filter(is_missing).collect();
        let Some((last, others)) = missing.split_last() else {
            return Ok(());
        };
        let total = plan.movements.len();
        let mut recorded = total.saturating_sub(missing.len());
        progress(Progress { recorded, total });

        let (tell, mut told) = mpsc::unbounded_channel();
        let mut workers = JoinSet::new();
        for worker in 0..WORKERS {
            let share = others.iter().filter(|movement| movement.product % WORKERS == worker);
            let share = share.map(|movement| recording(movement, warehouse, products));
            let share: Vec<Recording> = share.collect::<Result<_, _>>()?;
            let (importer, scope, tell) = (self.clone(), scope.clone(), tell.clone());
            workers.spawn(async move {
                for recording in share {
                    let result = importer.record(&scope, recording).await;
                    let failed = result.is_err();
                    if tell.send(result).is_err() || failed {
                        return;
                    }
                }
            });
        }
        drop(tell);
        while let Some(result) = told.recv().await {
            result?;
            recorded = recorded.saturating_add(1);
            progress(Progress { recorded, total });
        }
        while let Some(ended) = workers.join_next().await {
            ended?;
        }
        self.record(scope, recording(last, warehouse, products)?).await?;
        progress(Progress { recorded: total, total });
        Ok(())
    }

    /// The sequence of a product's newest movement, 0 before the first.
    async fn reached(
        &self,
        plan: &Plan,
        scope: &TenantScope,
        warehouse: WarehouseId,
        (place, product): (usize, ProductId),
    ) -> Result<u64, ImportError> {
        let filter = MovementFilter { product: Some(product), warehouse: Some(warehouse), ..MovementFilter::default() };
        let page = PageRequest { limit: 1, after: None, descending: true };
        let found = self.at(plan.founded(0)).movements(scope).list(&filter, &page).await?;
        let Some(newest) = found.items.first() else {
            return Ok(0);
        };
        let is_planned = plan.movements.iter().any(|planned| {
            planned.product == place
                && planned.sequence == newest.sequence
                && planned.at == newest.created_at
                && newest.reference.as_ref() == Some(&planned.reference)
        });
        if is_planned { Ok(newest.sequence) } else { Err(ImportError::Used) }
    }

    async fn record(&self, scope: &TenantScope, recording: Recording) -> Result<(), StoreError> {
        let Recording { at, key, new } = recording;
        let scope = scope.clone().with_idempotency(Some(key));
        self.at(at).movements(&scope).record(&new, |_| Vec::new()).await.map(|_| ())
    }
}

fn recording(
    planned: &PlannedMovement,
    warehouse: WarehouseId,
    products: &[ProductId],
) -> Result<Recording, ImportError> {
    let product = *products.get(planned.product).ok_or(ImportError::Inconsistent)?;
    let new = NewMovement {
        operation: planned.operation,
        product,
        warehouse,
        reference: Some(planned.reference.clone()),
        notes: None,
        occurred_at: None,
    };
    // Should two imports ever overlap, each movement is still recorded once.
    let key = IdempotencyKey { name: format!("northwind {} {product}", planned.reference), fingerprint: [0; 32] };
    Ok(Recording { at: planned.at, key, new })
}

/// What a write without an idempotency key came to.
fn done<T>(outcome: Outcome<T>) -> Result<T, StoreError> {
    match outcome {
        Outcome::Done(result) => Ok(result),
        Outcome::Replayed(_) => Err(StoreError::Internal("an answer was kept where none is".to_owned())),
    }
}

/// Every page of a list.
async fn all<T>(list: impl AsyncFn(PageRequest) -> Result<Page<T>, StoreError>) -> Result<Vec<T>, StoreError> {
    let mut items = Vec::new();
    let mut page = PageRequest { limit: PAGE, after: None, descending: false };
    loop {
        let found = list(page.clone()).await?;
        items.extend(found.items);
        if found.next.is_none() {
            return Ok(items);
        }
        page.after = found.next;
    }
}

#[cfg(test)]
mod tests {
    use stockroom_domain::{quantity::Quantity, stock::Operation};
    use stockroom_runtime::{Config, OsEntropy, SystemClock};
    use stockroom_store::LevelFilter;
    use tokio::sync::Notify;

    use super::*;
    use crate::embedded::{self, Embedded, Storage};
    use crate::secrets::Secrets;
    use crate::settings::Settings;

    async fn table() -> (Embedded, Runtime) {
        let embedded = embedded::start(Storage::Memory).await.unwrap();
        let settings = Settings::new(&Secrets::generate().unwrap(), embedded.endpoint(), |_| None);
        let config = Config::from_vars(|name| settings.get(name)).unwrap();
        (embedded, Runtime::new(config, Sources::new(SystemClock, OsEntropy)))
    }

    /// Begins an import and drops it once so much is recorded.
    async fn interrupt(runtime: &Runtime, at: usize) {
        let reached = Notify::new();
        let watch = |progress: Progress| {
            if progress.recorded == at {
                reached.notify_one();
            }
        };
        tokio::select! {
            imported = import(runtime, watch) => panic!("{imported:?}"),
            () = reached.notified() => {}
        }
    }

    async fn scope(runtime: &Runtime, person: Person, permission: Permission) -> TenantScope {
        let email = person.email.parse().unwrap();
        let credential = runtime.store.identity().credential(SUBDOMAIN, &email).await.unwrap().unwrap();
        let claim = Claim { organization: credential.organization(), user: credential.user().unwrap(), session: None };
        TenantScope::new(claim, permission, Origin::default())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_interrupted_import_is_finished_exactly_and_once() {
        let (embedded, runtime) = table().await;
        interrupt(&runtime, 300).await;
        let mut steps = Vec::new();
        assert_eq!(import(&runtime, |progress| steps.push(progress.recorded)).await.unwrap(), Imported::Completed);
        assert!(steps[0] >= 300 && steps.is_sorted(), "{}", steps[0]);
        assert_eq!(embedded.database().sweep_ttl().unwrap(), 0, "nothing of it has an end");
        let again = import(&runtime, |progress| panic!("{progress:?}")).await.unwrap();
        assert_eq!(again, Imported::Present);

        let plan = Plan::make().unwrap();
        let scope = scope(&runtime, STAFF, Permission::ReadStock).await;
        let store = &runtime.store;
        let filter = MovementFilter::default();
        let movements = all(async |page| store.movements(&scope).list(&filter, &page).await).await.unwrap();
        let products =
            all(async |page| store.products(&scope).list(&ProductFilter::default(), ProductSort::Sku, &page).await);
        let products = products.await.unwrap();
        let mut recorded: Vec<_> = movements
            .into_iter()
            .map(|movement| {
                let product = products.iter().position(|product| product.id == movement.product_id).unwrap();
                (product, movement.sequence, movement.created_at, movement.quantity, movement.reference.unwrap())
            })
            .collect();
        let mut planned: Vec<_> = plan
            .movements
            .into_iter()
            .map(|planned| {
                (planned.product, planned.sequence, planned.at, planned.operation.quantity(), planned.reference)
            })
            .collect();
        recorded.sort_by_key(|movement| (movement.0, movement.1));
        planned.sort_by_key(|movement| (movement.0, movement.1));
        assert!(recorded == planned);

        let levels = all(async |page| store.levels(&scope).list(&LevelFilter::default(), &page).await).await.unwrap();
        let records = super::super::data::Northwind::read().unwrap();
        assert_eq!(levels.len(), records.products.len());
        for (product, record) in products.iter().zip(&records.products) {
            let level = levels.iter().find(|level| level.product.id == product.id).unwrap();
            assert_eq!(level.on_hand, Quantity::from(record.units_in_stock), "{}", record.product_name);
        }
        let page = PageRequest { limit: PAGE, after: None, descending: false };
        assert_eq!(store.levels(&scope).low(&page).await.unwrap().items.len(), 18);
        embedded.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_company_that_was_used_while_incomplete_is_not_finished() {
        let (embedded, runtime) = table().await;
        interrupt(&runtime, 80).await;
        let scope = scope(&runtime, STAFF, Permission::RecordStock).await;
        let page = PageRequest { limit: 1, after: None, descending: false };
        let level = runtime.store.levels(&scope).list(&LevelFilter::default(), &page).await.unwrap().items.remove(0);
        let new = NewMovement {
            operation: Operation::In(Quantity::from(1)),
            product: level.product.id,
            warehouse: level.warehouse.id,
            reference: None,
            notes: None,
            occurred_at: None,
        };
        runtime.store.movements(&scope).record(&new, |_| Vec::new()).await.unwrap();

        let refused = import(&runtime, |_| {}).await.unwrap_err();
        assert!(matches!(refused, ImportError::Used), "{refused}");
        embedded.stop().await;
    }

    #[tokio::test]
    async fn another_company_of_that_name_is_left_alone() {
        let (embedded, runtime) = table().await;
        let new = NewOrganization {
            name: "North Wind Sails".parse().unwrap(),
            subdomain: SUBDOMAIN.parse().unwrap(),
            currency: Currency::default(),
            admin_email: "owner@sails.example".parse().unwrap(),
            admin_name: "Owner".parse().unwrap(),
            admin_hash: stockroom_store::PasswordHash(String::new()),
        };
        let founded = runtime.store.organizations().sign_up(&new, &Origin::default(), None, |_| Vec::new()).await;
        founded.unwrap();
        assert_eq!(import(&runtime, |_| {}).await.unwrap(), Imported::Foreign);
        embedded.stop().await;
    }
}
