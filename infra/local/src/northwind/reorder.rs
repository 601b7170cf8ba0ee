//! Open purchase requests for every product below its minimum, one for each supplier.

use std::collections::BTreeMap;

use stockroom_domain::{
    access::Permission,
    purchasing::{NewLine, PurchaseRequestStatus},
    quantity::Quantity,
};
use stockroom_runtime::Runtime;
use stockroom_store::{CatalogueFilter, CatalogueSort, ProductFilter, ProductSort};

use super::data::{Northwind, Product};
use super::plan::Plan;
use crate::demo::{ImportError, Imported, PlannedRequest, Setup, SignedUp, all, are_complete, write_requests};

/// Statuses of the requests in turn, from the last request to the first. None is final. The last request is not a
/// draft, because its status shows that all requests are complete.
const STATUSES: [PurchaseRequestStatus; 4] = [
    PurchaseRequestStatus::Submitted,
    PurchaseRequestStatus::Approved,
    PurchaseRequestStatus::Ordered,
    PurchaseRequestStatus::Draft,
];

/// Adds the requests, unless they are complete.
pub(super) async fn write(
    runtime: &Runtime,
    setup: &Setup,
    signed_up: &SignedUp,
    plan: &Plan,
) -> Result<Imported, ImportError> {
    let store = &runtime.store;
    let records = Northwind::read()?;
    let mut by_supplier: BTreeMap<&str, Vec<&Product>> = BTreeMap::new();
    for product in records.products.iter().filter(|product| product.units_in_stock < product.reorder_level) {
        let supplier = records.suppliers.iter().find(|supplier| supplier.id == product.supplier_id);
        let supplier = supplier.ok_or(ImportError::Inconsistent)?;
        by_supplier.entry(&supplier.company_name).or_default().push(product);
    }
    if let Some(last) = by_supplier.keys().next_back()
        && are_complete(store, &signed_up.admin(Permission::DecidePurchases), &notes(last)).await?
    {
        return Ok(Imported::AlreadyComplete);
    }

    let users = setup.add_users(signed_up, [plan.after_start(1), plan.after_start(2)]).await?;
    let read = users.staff(Permission::ReadCatalogue);
    let (filter, sort) = (CatalogueFilter::default(), CatalogueSort::CreatedAt);
    let suppliers = all(async |page| store.suppliers(&read).list(&filter, sort, &page).await).await?;
    let warehouses = all(async |page| store.warehouses(&read).list(&filter, sort, &page).await).await?;
    let filter = ProductFilter::default();
    let known = all(async |page| store.products(&read).list(&filter, ProductSort::Sku, &page).await).await?;
    let line = |product: &&Product, supplier: &str| {
        let sku = format!("NW-{:04}", product.id);
        let supplier = suppliers.iter().find(|known| known.details.name.as_str() == supplier);
        Ok(NewLine {
            product: known.iter().find(|known| known.details.sku.as_str() == sku).ok_or(ImportError::Inconsistent)?.id,
            // Up to twice the minimum.
            quantity: Quantity::from(product.reorder_level.saturating_mul(2).saturating_sub(product.units_in_stock)),
            estimated_price: Some(product.unit_price.parse()?),
            supplier: supplier.map(|supplier| supplier.id),
            warehouse: warehouses.first().map(|warehouse| warehouse.id),
        })
    };
    let mut planned = Vec::new();
    for ((supplier, products), status) in by_supplier.iter().rev().zip(STATUSES.into_iter().cycle()) {
        let lines = products.iter().map(|product| line(product, supplier)).collect::<Result<_, ImportError>>()?;
        planned.push(PlannedRequest { notes: notes(supplier).parse()?, lines, status, receipt: None });
    }
    planned.reverse();
    write_requests(store, &users, &planned).await?;
    Ok(Imported::Completed)
}

fn notes(supplier: &str) -> String {
    format!("Reorder from {supplier}")
}
