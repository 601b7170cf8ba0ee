//! Writes the organization into the table, under the product's own rules and under a clock that shows the date of each
//! record. A run completes an interrupted one and never writes an existing record again.

use std::time::Duration;

use stockroom_domain::{
    access::Permission,
    catalogue::Product,
    id::{ProductId, WarehouseId},
    stock::NewMovement,
};
use stockroom_runtime::Runtime;
use stockroom_store::{
    CatalogueFilter, CatalogueSort, IdempotencyKey, MovementFilter, PageItem, PageRequest, ProductFilter, ProductSort,
    StoreError, TenantScope,
};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::JoinSet;

use super::plan::{ORGANIZATION, Plan, PlannedMovement};
use super::reorder;
use crate::demo::{ImportError, Imported, PAGE, Progress, Setup, SignedUp, all, done, tolerate_user_changes};

/// Number of products whose movements are recorded in parallel.
const WORKERS: usize = 8;
/// Seconds after sign-up at which warehouse, suppliers and products are added. Users come first.
const WAREHOUSE_AT: usize = 3;
const SUPPLIERS_FROM: usize = 60;
const PRODUCTS_FROM: usize = 120;
const DAY: Duration = Duration::from_hours(24);

/// Adds the missing parts of the organization, and reports each change of its progress.
///
/// The future can be dropped at any moment; the next run continues.
///
/// # Errors
///
/// The table cannot be reached, or the organization was used before it was complete.
pub async fn import(runtime: &Runtime, progress: impl FnMut(Progress)) -> Result<Imported, ImportError> {
    let plan = Plan::make()?;
    let setup = Setup::new(runtime, &ORGANIZATION);
    let Some(signed_up) = setup.sign_up(plan.after_start(0)).await? else {
        return Ok(Imported::Foreign);
    };
    let importer = Importer(setup.clone());
    match importer.is_complete(&plan, &signed_up.admin(Permission::ReadStock)).await {
        Ok(true) => {}
        Ok(false) => importer.history(&plan, &signed_up, progress).await?,
        Err(StoreError::Unauthenticated) => return Ok(Imported::Foreign),
        Err(error) => return Err(error.into()),
    }
    signed_up.watch_low_stock(&runtime.store).await?;
    tolerate_user_changes(reorder::write(runtime, &setup, &signed_up, &plan).await)
}

#[derive(Debug, Clone)]
struct Importer(Setup);

/// A planned movement of an existing product.
struct Recording {
    at: stockroom_domain::time::Timestamp,
    key: IdempotencyKey,
    new: NewMovement,
}

type RecordResult = Result<(), StoreError>;

impl Importer {
    /// Everything up to the last order line.
    async fn history(
        &self,
        plan: &Plan,
        signed_up: &SignedUp,
        progress: impl FnMut(Progress),
    ) -> Result<(), ImportError> {
        let users = self.0.add_users(signed_up, [plan.after_start(1), plan.after_start(2)]).await?;
        let write_catalogue = users.manager(Permission::WriteCatalogue);
        self.suppliers(plan, &write_catalogue).await?;
        let warehouse = self.warehouse(plan, &write_catalogue).await?;
        let products = self.products(plan, &write_catalogue).await?;
        self.movements(plan, &users.staff(Permission::RecordStock), warehouse, &products, progress).await
    }

    /// The last order line is recorded last, and movements are never deleted.
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
        let found = self.0.store_at(last.at).movements(scope).list(&filter, &page).await?;
        Ok(found.items().len() >= wanted)
    }

    async fn suppliers(&self, plan: &Plan, scope: &TenantScope) -> Result<(), ImportError> {
        let store = self.0.store_at(plan.after_start(0));
        let (filter, sort) = (CatalogueFilter::default(), CatalogueSort::CreatedAt);
        let known = all(async |page| store.suppliers(scope).list(&filter, sort, &page).await).await?;
        for (place, supplier) in plan.suppliers.iter().enumerate() {
            if known.iter().all(|known| known.details.name != supplier.name) {
                let store = self.0.store_at(plan.after_start(SUPPLIERS_FROM.saturating_add(place)));
                done(store.suppliers(scope).add(supplier, |_| Vec::new()).await?)?;
            }
        }
        Ok(())
    }

    async fn warehouse(&self, plan: &Plan, scope: &TenantScope) -> Result<WarehouseId, ImportError> {
        let store = self.0.store_at(plan.after_start(WAREHOUSE_AT));
        let (filter, sort) = (CatalogueFilter::default(), CatalogueSort::CreatedAt);
        let known = all(async |page| store.warehouses(scope).list(&filter, sort, &page).await).await?;
        match known.into_iter().find(|known| known.details.name == plan.warehouse.name) {
            Some(known) => Ok(known.id),
            None => Ok(done(store.warehouses(scope).add(&plan.warehouse, |_| Vec::new()).await?)?.id),
        }
    }

    async fn products(&self, plan: &Plan, scope: &TenantScope) -> Result<Vec<ProductId>, ImportError> {
        let store = self.0.store_at(plan.after_start(0));
        let (filter, sort) = (ProductFilter::default(), ProductSort::Catalogue(CatalogueSort::CreatedAt));
        let known = all(async |page| store.products(scope).list(&filter, sort, &page).await).await?;
        let mut ids = Vec::new();
        for (place, product) in plan.products.iter().enumerate() {
            let is_it = |known: &&Product| known.details.sku.folded() == product.sku.folded();
            let id = if let Some(known) = known.iter().find(is_it) {
                known.id
            } else {
                let store = self.0.store_at(plan.after_start(PRODUCTS_FROM.saturating_add(place)));
                done(store.products(scope).add(product, |_| Vec::new()).await?)?.id
            };
            ids.push(id);
        }
        Ok(ids)
    }

    /// Records the missing movements: several products in parallel, the movements of each in order, and the last
    /// movement after all others.
    async fn movements(
        &self,
        plan: &Plan,
        scope: &TenantScope,
        warehouse: WarehouseId,
        products: &[ProductId],
        mut progress: impl FnMut(Progress),
    ) -> Result<(), ImportError> {
        let mut sequences = Vec::new();
        for (place, product) in products.iter().enumerate() {
            sequences.push(self.last_sequence(plan, scope, warehouse, (place, *product)).await?);
        }
        let is_missing = |movement: &&PlannedMovement| {
            sequences.get(movement.product).is_some_and(|sequence| movement.sequence > *sequence)
        };
        let missing: Vec<&PlannedMovement> = plan.movements.iter().filter(is_missing).collect();
        let Some((last, others)) = missing.split_last() else {
            return Ok(());
        };
        let total = plan.movements.len();
        let mut recorded = total.saturating_sub(missing.len());
        progress(Progress { recorded, total });

        let (sender, mut results) = mpsc::unbounded_channel();
        let mut workers = JoinSet::new();
        for worker in 0..WORKERS {
            let share = others.iter().filter(|movement| movement.product % WORKERS == worker);
            let share = share.map(|movement| recording(movement, warehouse, products)).collect::<Result<_, _>>()?;
            workers.spawn(self.clone().record_all(scope.clone(), share, sender.clone()));
        }
        drop(sender);
        while let Some(result) = results.recv().await {
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

    /// The sequence of a product's newest movement; 0 if it has none.
    async fn last_sequence(
        &self,
        plan: &Plan,
        scope: &TenantScope,
        warehouse: WarehouseId,
        (place, product): (usize, ProductId),
    ) -> Result<u64, ImportError> {
        let filter = MovementFilter { product: Some(product), warehouse: Some(warehouse), ..MovementFilter::default() };
        let page = PageRequest { limit: 1, after: None, descending: true };
        let found = self.0.store_at(plan.after_start(0)).movements(scope).list(&filter, &page).await?;
        let Some(PageItem { item: newest, .. }) = found.items().first() else {
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

    /// Records movements in order until one fails, and sends each result.
    async fn record_all(self, scope: TenantScope, share: Vec<Recording>, results: UnboundedSender<RecordResult>) {
        for recording in share {
            let result = self.record(&scope, recording).await;
            let failed = result.is_err();
            if results.send(result).is_err() || failed {
                return;
            }
        }
    }

    async fn record(&self, scope: &TenantScope, recording: Recording) -> RecordResult {
        let Recording { at, key, new } = recording;
        let scope = scope.clone().with_idempotency(Some(key));
        self.0.store_at(at).movements(&scope).record(&new, |_| Vec::new()).await.map(|_| ())
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
    // If two imports overlap, each movement is still recorded once.
    let key = IdempotencyKey { name: format!("northwind {} {product}", planned.reference), fingerprint: [0; 32] };
    Ok(Recording { at: planned.at, key, new })
}

#[cfg(test)]
mod tests {
    use stockroom_domain::{
        organization::Currency, purchasing::PurchaseRequest, quantity::Quantity, source::Sources, stock::Operation,
    };
    use stockroom_runtime::{Config, OsEntropy, SystemClock};
    use stockroom_store::{LevelFilter, NewOrganization, Origin, PurchaseRequestFilter};
    use tokio::sync::Notify;

    use super::*;
    use crate::embedded::{self, Embedded, Storage};
    use crate::secrets::Secrets;
    use crate::settings::Settings;

    async fn table() -> (Embedded, Runtime) {
        let embedded = embedded::start(Storage::Memory).await.unwrap();
        let settings = Settings::new(&Secrets::generate().unwrap(), embedded.endpoint(), "http://localhost", |_| None);
        let config = Config::from_vars(|name| settings.get(name)).unwrap();
        (embedded, Runtime::new(config, Sources::new(SystemClock, OsEntropy)))
    }

    /// Starts an import and drops it once this many movements are recorded.
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

    /// The scope of a member of staff of the existing organization.
    async fn staff(runtime: &Runtime, permission: Permission) -> TenantScope {
        let setup = Setup::new(runtime, &ORGANIZATION);
        let now = runtime.sources.now();
        let signed_up = setup.sign_up(now).await.unwrap().unwrap();
        setup.add_users(&signed_up, [now, now]).await.unwrap().staff(permission)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn import_after_an_interrupted_import_writes_each_record_once() {
        let (embedded, runtime) = table().await;
        interrupt(&runtime, 300).await;
        let mut steps = Vec::new();
        assert_eq!(import(&runtime, |progress| steps.push(progress.recorded)).await.unwrap(), Imported::Completed);
        assert!(steps[0] >= 300 && steps.is_sorted(), "{}", steps[0]);
        assert_eq!(embedded.database().sweep_ttl().unwrap(), 0, "no record expires");
        let again = import(&runtime, |progress| panic!("{progress:?}")).await.unwrap();
        assert_eq!(again, Imported::AlreadyComplete);

        let plan = Plan::make().unwrap();
        let scope = staff(&runtime, Permission::ReadStock).await;
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
            let level = levels.iter().find(|level| level.product_id == product.id).unwrap();
            assert_eq!(level.on_hand, Quantity::from(record.units_in_stock), "{}", record.product_name);
        }
        let page = PageRequest { limit: PAGE, after: None, descending: false };
        let low = store.levels(&scope).low(&page).await.unwrap().into_parts().0;
        assert_eq!(low.len(), 18);
        let requests = store
            .purchase_requests(&scope)
            .list(&PurchaseRequestFilter::default(), &page)
            .await
            .unwrap()
            .into_parts()
            .0;
        assert!(requests.iter().all(|request| request.status().is_open()));
        let mut asked_for: Vec<_> = requests.iter().flat_map(PurchaseRequest::products).collect();
        let mut missing: Vec<_> = low.iter().map(|level| level.product_id).collect();
        asked_for.sort();
        missing.sort();
        assert_eq!(asked_for, missing, "each product below its minimum is requested once");
        embedded.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn import_after_a_foreign_movement_is_used() {
        let (embedded, runtime) = table().await;
        interrupt(&runtime, 80).await;
        let scope = staff(&runtime, Permission::RecordStock).await;
        let page = PageRequest { limit: 1, after: None, descending: false };
        let level =
            runtime.store.levels(&scope).list(&LevelFilter::default(), &page).await.unwrap().into_parts().0.remove(0);
        let new = NewMovement {
            operation: Operation::In(Quantity::from(1)),
            product: level.product_id,
            warehouse: level.warehouse_id,
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
    async fn import_into_another_organizations_subdomain_is_foreign() {
        let (embedded, runtime) = table().await;
        let new = NewOrganization {
            name: "North Wind Sails".parse().unwrap(),
            subdomain: ORGANIZATION.subdomain.parse().unwrap(),
            currency: Currency::default(),
            admin_email: "owner@sails.example".parse().unwrap(),
            admin_name: "Owner".parse().unwrap(),
            admin_hash: stockroom_store::PasswordHash(String::new()),
            is_confirmed: true,
        };
        let (organizations, origin) = (runtime.store.organizations(), Origin::default());
        let admitted = organizations.admit(Vec::new(), &new.subdomain, &origin, None).await.unwrap();
        let signed_up = organizations.sign_up(&new, done(admitted).unwrap(), &origin, None, |_| Vec::new()).await;
        signed_up.unwrap();
        assert_eq!(import(&runtime, |_| {}).await.unwrap(), Imported::Foreign);
        embedded.stop().await;
    }
}
