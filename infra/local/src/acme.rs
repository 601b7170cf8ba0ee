//! Acme, a small sample company beside Northwind, with a purchase request in every state.

use std::time::Duration;

use stockroom_domain::{
    access::Permission,
    catalogue::{Product, ProductDetails, SupplierDetails, WarehouseDetails},
    id::{ProductId, SupplierId, WarehouseId},
    purchasing::{NewLine, RequestStatus},
    quantity::Quantity,
    stock::{NewMovement, Operation},
};
use stockroom_runtime::Runtime;
use stockroom_store::{CatalogueFilter, CatalogueSort, LevelFilter, PageRequest, ProductFilter, ProductSort, Store};

use crate::demo::{
    Company, Founded, Founder, ImportError, Imported, People, Person, PlannedRequest, all, are_written,
    as_far_as_it_was_left_alone, done, write_requests,
};

static COMPANY: Company = Company {
    name: "Acme",
    subdomain: "acme",
    password: "acme-demo-2026",
    admin: Person { email: "admin@acme.example", full_name: "Acme Admin" },
    manager: Person { email: "manager@acme.example", full_name: "Acme Manager" },
    staff: Person { email: "staff@acme.example", full_name: "Acme Staff" },
};

/// SKU, name, minimum, and what is there.
const PRODUCTS: [(&str, &str, u32, u32); 4] = [
    ("ANVIL", "Anvil", 5, 12),
    ("ROPE", "Rope", 20, 8),
    ("MAGNET", "Giant magnet", 2, 3),
    ("SPRING", "Spring", 50, 40),
];

/// What each request is for: its product's place, how much of it, and how far it is.
const REQUESTS: [(&str, usize, u32, RequestStatus); 7] = [
    ("Anvils for the autumn fair", 0, 10, RequestStatus::Draft),
    ("Magnets, the large ones", 2, 4, RequestStatus::Approved),
    ("Gold-plated springs", 3, 500, RequestStatus::Rejected),
    ("Springs", 3, 100, RequestStatus::Ordered),
    ("Anvils nobody needs any more", 0, 2, RequestStatus::Cancelled),
    ("Rope for the shop floor", 1, 4, RequestStatus::Received),
    // It is there when all others are as planned, and then one step from the end.
    ("More rope", 1, 40, RequestStatus::Submitted),
];
/// What has arrived of the springs that are on order.
const SPRINGS: u32 = 30;

/// Makes the company complete. It can be dropped at any moment; the next run goes on from there.
///
/// # Errors
///
/// When the table cannot be reached.
pub async fn import(runtime: &Runtime) -> Result<Imported, ImportError> {
    let founder = Founder::new(runtime, &COMPANY);
    let now = runtime.sources.now();
    let Some(company) = founder.found(now).await? else {
        return Ok(Imported::Foreign);
    };
    company.watch_low_stock(&runtime.store).await?;
    as_far_as_it_was_left_alone(complete(runtime, &founder, &company).await)
}

async fn complete(runtime: &Runtime, founder: &Founder, company: &Founded) -> Result<Imported, ImportError> {
    let (store, now) = (&runtime.store, runtime.sources.now());
    let [.., (last, ..)] = REQUESTS;
    if are_written(store, &company.admin(Permission::DecidePurchases), last).await? {
        return Ok(Imported::Present);
    }
    let people = founder.people(company, [now, now.plus(Duration::from_secs(1))]).await?;
    let goods = Goods::stock(store, &people).await?;
    write_requests(store, &people, &goods.requests()?).await?;
    Ok(Imported::Completed)
}

/// What the company deals in.
struct Goods {
    supplier: SupplierId,
    warehouse: WarehouseId,
    products: Vec<ProductId>,
}

impl Goods {
    /// Adds what is missing of them.
    async fn stock(store: &Store, people: &People) -> Result<Self, ImportError> {
        let keep = people.manager(Permission::WriteCatalogue);
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
        for (sku, name, minimum, there) in PRODUCTS {
            let is_it = |product: &&Product| product.details.sku.as_str() == sku;
            let product = match known.iter().find(is_it) {
                Some(known) => known.id,
                None => done(store.products(&keep).add(&product(sku, name, minimum)?, |_| Vec::new()).await?)?.id,
            };
            products.push(product);
            open(store, people, product, warehouse, there).await?;
        }
        Ok(Self { supplier, warehouse, products })
    }

    fn requests(&self) -> Result<Vec<PlannedRequest>, ImportError> {
        let planned = |(notes, place, quantity, status): (&str, usize, u32, RequestStatus)| {
            let line = NewLine {
                product: *self.products.get(place).ok_or(ImportError::Inconsistent)?,
                quantity: Quantity::from(quantity),
                estimated_price: Some("12.50".parse()?),
                supplier: Some(self.supplier),
                warehouse: Some(self.warehouse),
            };
            let arrives = match status {
                RequestStatus::Ordered => Some((Quantity::from(SPRINGS), self.warehouse)),
                RequestStatus::Received => Some((Quantity::from(quantity), self.warehouse)),
                RequestStatus::Draft
                | RequestStatus::Submitted
                | RequestStatus::Approved
                | RequestStatus::Rejected
                | RequestStatus::Cancelled => None,
            };
            Ok(PlannedRequest { notes: notes.parse()?, lines: vec![line], status, arrives })
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
        reorder_quantity: None,
        barcode: None,
    })
}

/// Records the opening stock of a product that was never in the warehouse.
async fn open(
    store: &Store,
    people: &People,
    product: ProductId,
    warehouse: WarehouseId,
    there: u32,
) -> Result<(), ImportError> {
    let record = people.staff(Permission::RecordStock);
    let filter = LevelFilter { product: Some(product), warehouse: Some(warehouse), as_of: None };
    let page = PageRequest { limit: 1, after: None, descending: false };
    if store.levels(&record).list(&filter, &page).await?.items().is_empty() {
        let new = NewMovement {
            operation: Operation::In(Quantity::from(there)),
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
    use stockroom_store::{AddressTerms, RequestFilter, TenantScope, UserChange, UserFilter};

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

    async fn company(runtime: &Runtime) -> (Founded, People) {
        let founder = Founder::new(runtime, &COMPANY);
        let now = runtime.sources.now();
        let company = founder.found(now).await.unwrap().unwrap();
        (company, founder.people(&company, [now, now]).await.unwrap())
    }

    async fn requests(runtime: &Runtime, see: &TenantScope) -> Vec<PurchaseRequest> {
        let (requests, filter) = (runtime.store.purchase_requests(see), RequestFilter::default());
        all(async |page| requests.list(&filter, &page).await).await.unwrap()
    }

    /// How many requests have which status.
    fn states(requests: &[PurchaseRequest]) -> BTreeMap<&'static str, usize> {
        let mut states = BTreeMap::new();
        for request in requests {
            *states.entry(request.status.name()).or_default() += 1;
        }
        states
    }

    #[tokio::test]
    async fn there_is_a_request_in_every_state_and_a_second_run_changes_nothing() {
        let (embedded, runtime) = table().await;
        assert_eq!(import(&runtime).await.unwrap(), Imported::Completed);
        assert_eq!(import(&runtime).await.unwrap(), Imported::Present);
        let (company, _) = company(&runtime).await;
        let all = requests(&runtime, &company.admin(Permission::DecidePurchases)).await;
        assert_eq!(states(&all), RequestStatus::ALL.map(|status| (status.name(), 1)).into());
        let ordered = all.iter().find(|request| request.status == RequestStatus::Ordered).unwrap();
        assert_eq!(ordered.items[0].received_quantity, Quantity::from(SPRINGS));
        embedded.stop().await;
    }

    #[tokio::test]
    async fn an_import_that_stopped_anywhere_is_finished() {
        for (written, last) in REQUESTS.iter().enumerate().map(|(index, (.., status))| (index, *status)) {
            let (embedded, runtime) = table().await;
            let (_, people) = company(&runtime).await;
            let mut planned = Goods::stock(&runtime.store, &people).await.unwrap().requests().unwrap();
            planned.truncate(written + 1);
            // The last of them got no further than this.
            planned[written].status =
                if last == RequestStatus::Received { RequestStatus::Ordered } else { RequestStatus::Draft };
            planned[written].arrives = None;
            write_requests(&runtime.store, &people, &planned).await.unwrap();
            assert_eq!(import(&runtime).await.unwrap(), Imported::Completed);
            let all = requests(&runtime, &people.manager(Permission::DecidePurchases)).await;
            assert_eq!(states(&all), RequestStatus::ALL.map(|status| (status.name(), 1)).into(), "{written}");
            embedded.stop().await;
        }
    }

    #[tokio::test]
    async fn a_company_that_is_used_stays_as_its_people_made_it() {
        let (embedded, runtime) = table().await;
        assert_eq!(import(&runtime).await.unwrap(), Imported::Completed);
        let (company, people) = company(&runtime).await;
        let manage = company.admin(Permission::ManageUsers);
        let users = runtime.store.users(&manage);
        users.delete(people.staff(Permission::ReadStock).claim().user, None).await.unwrap();
        assert_eq!(import(&runtime).await.unwrap(), Imported::Present);
        let page = PageRequest { limit: 10, after: None, descending: false };
        let left = users.list(&UserFilter::default(), &page).await.unwrap().into_parts().0;
        assert_eq!(left.len(), 2, "who was let go is not hired again");
        embedded.stop().await;
    }

    #[tokio::test]
    async fn a_company_that_was_changed_while_incomplete_does_not_keep_the_stack_from_starting() {
        let (embedded, runtime) = table().await;
        let (company, people) = company(&runtime).await;
        let manage = company.admin(Permission::ManageUsers);
        let demotion = UserChange { role: Some(Role::Staff), ..UserChange::default() };
        let manager = people.manager(Permission::ReadStock).claim().user;
        runtime.store.users(&manage).change(manager, None, &demotion, &AddressTerms::default()).await.unwrap();
        assert_eq!(import(&runtime).await.unwrap(), Imported::Changed);
        embedded.stop().await;
    }
}
