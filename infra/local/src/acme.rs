//! Acme, a small sample organization with a purchase request in every status.

use std::time::Duration;

use stockroom_domain::{
    access::Permission,
    catalogue::{Product, ProductDetails, SupplierDetails, WarehouseDetails},
    id::{ProductId, SupplierId, WarehouseId},
    purchasing::{NewLine, PurchaseRequestStatus},
    quantity::Quantity,
    stock::{NewMovement, Operation},
};
use stockroom_runtime::Runtime;
use stockroom_store::{CatalogueFilter, CatalogueSort, LevelFilter, PageRequest, ProductFilter, ProductSort, Store};

use crate::demo::{
    ImportError, Imported, PlannedRequest, SampleOrganization, SampleUser, Setup, SignedUp, Users, all, are_complete,
    done, tolerate_user_changes, write_requests,
};

pub(crate) static ORGANIZATION: SampleOrganization = SampleOrganization {
    name: "Acme",
    subdomain: "acme",
    password: "acme-demo-2026",
    admin: SampleUser { email: "admin@acme.example", full_name: "Acme Admin" },
    manager: SampleUser { email: "manager@acme.example", full_name: "Acme Manager" },
    staff: SampleUser { email: "staff@acme.example", full_name: "Acme Staff" },
};

/// SKU, name, minimum and quantity on hand.
const PRODUCTS: [(&str, &str, u32, u32); 4] = [
    ("ANVIL", "Anvil", 5, 12),
    ("ROPE", "Rope", 20, 8),
    ("MAGNET", "Giant magnet", 2, 3),
    ("SPRING", "Spring", 50, 40),
];

/// Notes, index of the product, quantity and status of each request.
const REQUESTS: [(&str, usize, u32, PurchaseRequestStatus); 7] = [
    ("Anvils for the autumn fair", 0, 10, PurchaseRequestStatus::Draft),
    ("Magnets, the large ones", 2, 4, PurchaseRequestStatus::Approved),
    ("Gold-plated springs", 3, 500, PurchaseRequestStatus::Rejected),
    ("Springs", 3, 100, PurchaseRequestStatus::Ordered),
    ("Anvils that are no longer needed", 0, 2, PurchaseRequestStatus::Cancelled),
    ("Rope for the shop floor", 1, 4, PurchaseRequestStatus::Received),
    // Written last: once it is submitted, all other requests are complete.
    ("More rope", 1, 40, PurchaseRequestStatus::Submitted),
];
/// How many of the ordered springs have arrived.
const SPRINGS: u32 = 30;

/// Adds the missing parts of the organization. The future can be dropped at any moment; the next run continues.
///
/// # Errors
///
/// The table cannot be reached, or the store rejects a record.
pub async fn import(runtime: &Runtime) -> Result<Imported, ImportError> {
    let setup = Setup::new(runtime, &ORGANIZATION);
    let now = runtime.sources.now();
    let Some(signed_up) = setup.sign_up(now).await? else {
        return Ok(Imported::Foreign);
    };
    signed_up.watch_low_stock(&runtime.store).await?;
    tolerate_user_changes(complete(runtime, &setup, &signed_up).await)
}

async fn complete(runtime: &Runtime, setup: &Setup, signed_up: &SignedUp) -> Result<Imported, ImportError> {
    let (store, now) = (&runtime.store, runtime.sources.now());
    let [.., (last, ..)] = REQUESTS;
    if are_complete(store, &signed_up.admin(Permission::DecidePurchases), last).await? {
        return Ok(Imported::AlreadyComplete);
    }
    let users = setup.add_users(signed_up, [now, now.plus(Duration::from_secs(1))]).await?;
    let goods = Goods::add_missing(store, &users).await?;
    write_requests(store, &users, &goods.requests()?).await?;
    Ok(Imported::Completed)
}

/// Supplier, warehouse and products.
struct Goods {
    supplier: SupplierId,
    warehouse: WarehouseId,
    products: Vec<ProductId>,
}

impl Goods {
    /// Adds the missing ones, and the opening stock of each product.
    async fn add_missing(store: &Store, users: &Users) -> Result<Self, ImportError> {
        let keep = users.manager(Permission::WriteCatalogue);
        let (filter, sort) = (CatalogueFilter::default(), CatalogueSort::CreatedAt);
        let suppliers = all(async |page| store.suppliers(&keep).list(&filter, sort, &page).await).await?;
        let supplier = if let Some(known) = suppliers.first() {
            known.id
        } else {
            let details = SupplierDetails {
                name: "Roadside Supplies".parse()?,
                contact_email: Some("orders@roadside.example".parse()?),
                contact_phone: None,
                address: None,
                lead_time_days: None,
            };
            done(store.suppliers(&keep).add(&details, |_| Vec::new()).await?)?.id
        };
        let warehouses = all(async |page| store.warehouses(&keep).list(&filter, sort, &page).await).await?;
        let warehouse = if let Some(known) = warehouses.first() {
            known.id
        } else {
            let details =
                WarehouseDetails { name: "Main".parse()?, location: "Desert road 1".parse()?, capacity: None };
            done(store.warehouses(&keep).add(&details, |_| Vec::new()).await?)?.id
        };
        let (filter, sort) = (ProductFilter::default(), ProductSort::Catalogue(CatalogueSort::CreatedAt));
        let known = all(async |page| store.products(&keep).list(&filter, sort, &page).await).await?;
        let mut products = Vec::new();
        for (sku, name, minimum, on_hand) in PRODUCTS {
            let is_it = |product: &&Product| product.details.sku.as_str() == sku;
            let product = match known.iter().find(is_it) {
                Some(known) => known.id,
                None => done(store.products(&keep).add(&product(sku, name, minimum)?, |_| Vec::new()).await?)?.id,
            };
            products.push(product);
            record_opening_stock(store, users, product, warehouse, on_hand).await?;
        }
        Ok(Self { supplier, warehouse, products })
    }

    fn requests(&self) -> Result<Vec<PlannedRequest>, ImportError> {
        let planned = |(notes, place, quantity, status): (&str, usize, u32, PurchaseRequestStatus)| {
            let line = NewLine {
                product: *self.products.get(place).ok_or(ImportError::Inconsistent)?,
                quantity: Quantity::from(quantity),
                estimated_price: Some("12.50".parse()?),
                supplier: Some(self.supplier),
                warehouse: Some(self.warehouse),
            };
            let receipt = match status {
                PurchaseRequestStatus::Ordered => Some((Quantity::from(SPRINGS), self.warehouse)),
                PurchaseRequestStatus::Received => Some((Quantity::from(quantity), self.warehouse)),
                PurchaseRequestStatus::Draft
                | PurchaseRequestStatus::Submitted
                | PurchaseRequestStatus::Approved
                | PurchaseRequestStatus::Rejected
                | PurchaseRequestStatus::Cancelled => None,
            };
            Ok(PlannedRequest { notes: notes.parse()?, lines: vec![line], status, receipt })
        };
        REQUESTS.into_iter().map(planned).collect()
    }
}

fn product(sku: &str, name: &str, minimum: u32) -> Result<ProductDetails, ImportError> {
    Ok(ProductDetails {
        sku: sku.parse()?,
        name: name.parse()?,
        description: None,
        category: Some("Contraptions".parse()?),
        unit: "each".parse()?,
        decimal_places: stockroom_domain::catalogue::DecimalPlaces::default(),
        min_stock_level: Quantity::from(minimum),
        reorder_quantity: (minimum > 0).then(|| Quantity::from(minimum.saturating_mul(2))),
        barcode: None,
    })
}

/// Records the opening stock of a product, unless it has a level in the warehouse.
async fn record_opening_stock(
    store: &Store,
    users: &Users,
    product: ProductId,
    warehouse: WarehouseId,
    on_hand: u32,
) -> Result<(), ImportError> {
    let record = users.staff(Permission::RecordStock);
    let filter = LevelFilter { product: Some(product), warehouse: Some(warehouse), as_of: None };
    let page = PageRequest { limit: 1, after: None, descending: false };
    if store.levels(&record).list(&filter, &page).await?.items().is_empty() {
        let new = NewMovement {
            operation: Operation::In(Quantity::from(on_hand)),
            product,
            warehouse,
            reference: Some("OPENING".parse()?),
            notes: None,
            occurred_at: None,
        };
        done(store.movements(&record).record(&new, |_| Vec::new()).await?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use stockroom_domain::{access::Role, purchasing::PurchaseRequest, source::Sources};
    use stockroom_runtime::{Config, OsEntropy, SystemClock};
    use stockroom_store::{AddressTerms, PurchaseRequestFilter, TenantScope, UserChange, UserFilter};

    use super::*;
    use crate::{
        embedded::{self, Embedded, Storage},
        secrets::Secrets,
        settings::Settings,
    };

    async fn table() -> (Embedded, Runtime) {
        let embedded = embedded::start(Storage::Memory).await.unwrap();
        let settings = Settings::new(&Secrets::generate().unwrap(), embedded.endpoint(), "http://localhost", |_| None);
        let config = Config::from_vars(|name| settings.get(name)).unwrap();
        (embedded, Runtime::new(config, Sources::new(SystemClock, OsEntropy)))
    }

    async fn signed_up(runtime: &Runtime) -> (SignedUp, Users) {
        let setup = Setup::new(runtime, &ORGANIZATION);
        let now = runtime.sources.now();
        let signed_up = setup.sign_up(now).await.unwrap().unwrap();
        (signed_up, setup.add_users(&signed_up, [now, now]).await.unwrap())
    }

    async fn requests(runtime: &Runtime, scope: &TenantScope) -> Vec<PurchaseRequest> {
        let (requests, filter) = (runtime.store.purchase_requests(scope), PurchaseRequestFilter::default());
        all(async |page| requests.list(&filter, &page).await).await.unwrap()
    }

    /// The number of requests by status.
    fn statuses(requests: &[PurchaseRequest]) -> BTreeMap<&'static str, usize> {
        let mut statuses = BTreeMap::new();
        for request in requests {
            *statuses.entry(request.status().name()).or_default() += 1;
        }
        statuses
    }

    #[tokio::test]
    async fn import_writes_a_request_in_every_status_once() {
        let (embedded, runtime) = table().await;
        assert_eq!(import(&runtime).await.unwrap(), Imported::Completed);
        assert_eq!(import(&runtime).await.unwrap(), Imported::AlreadyComplete);
        let (signed_up, _) = signed_up(&runtime).await;
        let all = requests(&runtime, &signed_up.admin(Permission::DecidePurchases)).await;
        assert_eq!(statuses(&all), PurchaseRequestStatus::ALL.map(|status| (status.name(), 1)).into());
        let ordered = all.iter().find(|request| request.status() == PurchaseRequestStatus::Ordered).unwrap();
        assert_eq!(ordered.items[0].received_quantity, Quantity::from(SPRINGS));
        embedded.stop().await;
    }

    #[tokio::test]
    async fn import_after_an_interrupted_import_completes_it() {
        for (written, last) in REQUESTS.iter().enumerate().map(|(index, (.., status))| (index, *status)) {
            let (embedded, runtime) = table().await;
            let (_, users) = signed_up(&runtime).await;
            let mut planned = Goods::add_missing(&runtime.store, &users).await.unwrap().requests().unwrap();
            planned.truncate(written + 1);
            // The interruption came before the last transition of the last request.
            planned[written].status = if last == PurchaseRequestStatus::Received {
                PurchaseRequestStatus::Ordered
            } else {
                PurchaseRequestStatus::Draft
            };
            planned[written].receipt = None;
            write_requests(&runtime.store, &users, &planned).await.unwrap();
            assert_eq!(import(&runtime).await.unwrap(), Imported::Completed);
            let all = requests(&runtime, &users.manager(Permission::DecidePurchases)).await;
            assert_eq!(statuses(&all), PurchaseRequestStatus::ALL.map(|status| (status.name(), 1)).into(), "{written}");
            embedded.stop().await;
        }
    }

    #[tokio::test]
    async fn import_keeps_a_deleted_user_deleted() {
        let (embedded, runtime) = table().await;
        assert_eq!(import(&runtime).await.unwrap(), Imported::Completed);
        let (signed_up, users) = signed_up(&runtime).await;
        let manage = signed_up.admin(Permission::ManageUsers);
        let repository = runtime.store.users(&manage);
        repository.delete(users.staff(Permission::ReadStock).claim().user, None).await.unwrap();
        assert_eq!(import(&runtime).await.unwrap(), Imported::AlreadyComplete);
        let page = PageRequest { limit: 10, after: None, descending: false };
        let left = repository.list(&UserFilter::default(), &page).await.unwrap().into_parts().0;
        assert_eq!(left.len(), 2, "the deleted user is not added again");
        embedded.stop().await;
    }

    #[tokio::test]
    async fn import_after_a_demotion_reports_a_change() {
        let (embedded, runtime) = table().await;
        let (signed_up, users) = signed_up(&runtime).await;
        let manage = signed_up.admin(Permission::ManageUsers);
        let demotion = UserChange { role: Some(Role::Staff), ..UserChange::default() };
        let manager = users.manager(Permission::ReadStock).claim().user;
        runtime.store.users(&manage).change(manager, None, &demotion, &AddressTerms::default()).await.unwrap();
        assert_eq!(import(&runtime).await.unwrap(), Imported::Changed);
        embedded.stop().await;
    }
}
