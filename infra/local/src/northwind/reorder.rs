//! What Northwind has yet to buy: open purchase requests for every product below its minimum, one for each supplier.

use std::collections::BTreeMap;

use stockroom_domain::{
    access::Permission,
    purchasing::{NewLine, RequestStatus},
    quantity::Quantity,
};
use stockroom_runtime::Runtime;
use stockroom_store::{CatalogueFilter, CatalogueSort, ProductFilter, ProductSort};

use super::data::{Northwind, Product};
use super::plan::Plan;
use crate::demo::{Founded, Founder, ImportError, Imported, PlannedRequest, all, are_written, write_requests};

/// How far the requests are, one after the other, from the last on; none is a final status. The last is no draft: it says
/// that all of them are there.
const STATUSES: [RequestStatus; 4] =
    [RequestStatus::Submitted, RequestStatus::Approved, RequestStatus::Ordered, RequestStatus::Draft];

/// Asks for what is missing, unless that was done.
pub(super) async fn write(
    runtime: &Runtime,
    founder: &Founder,
    company: &Founded,
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
        && are_written(store, &company.admin(Permission::DecidePurchases), &notes(last)).await?
    {
        return Ok(Imported::Present);
    }

    let people = founder.people(company, [plan.founded(1), plan.founded(2)]).await?;
    let read = people.staff(Permission::ReadCatalogue);
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
            // Twice the minimum, less what is there.
            quantity: Quantity::from(product.reorder_level.saturating_mul(2).saturating_sub(product.units_in_stock)),
            estimated_price: Some(product.unit_price.parse()?),
            supplier: supplier.map(|supplier| supplier.id),
            warehouse: warehouses.first().map(|warehouse| warehouse.id),
        })
    };
    let mut planned = Vec::new();
    for ((supplier, products), status) in by_supplier.iter().rev().zip(STATUSES.into_iter().cycle()) {
        let lines = products.iter().map(|product| line(product, supplier)).collect::<Result<_, ImportError>>()?;
        planned.push(PlannedRequest { notes: notes(supplier).parse()?, lines, status, arrives: None });
    }
    planned.reverse();
    write_requests(store, &people, &planned).await?;
    Ok(Imported::Completed)
}

fn notes(supplier: &str) -> String {
    format!("Reorder from {supplier}")
}
