//! Turns the records into details of the catalogue and into movements, from the opening stock to the last order line.

use std::collections::HashMap;
use std::time::Duration;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use stockroom_domain::{
    catalogue::{DecimalPlaces, ProductDetails, SupplierDetails, WarehouseDetails},
    quantity::Quantity,
    stock::Operation,
    text::Reference,
    time::Timestamp,
};

use super::data::{Northwind, Product, Supplier};
use crate::demo::{ImportError, SampleOrganization, SampleUser};

pub(crate) static ORGANIZATION: SampleOrganization = SampleOrganization {
    name: "Northwind Traders",
    subdomain: "northwind",
    password: "northwind-demo-2026",
    admin: SampleUser { email: "admin@northwind.example", full_name: "Northwind Admin" },
    manager: SampleUser { email: "manager@northwind.example", full_name: "Northwind Manager" },
    staff: SampleUser { email: "staff@northwind.example", full_name: "Northwind Staff" },
};

const SIGNED_UP: Date = date(1996, 7, 1);
/// Date of the opening stock, before the first order.
const OPENED: Date = date(1996, 7, 2);
const OPENING: &str = "OPENING";

/// The content of the finished organization.
#[derive(Debug)]
pub(super) struct Plan {
    start: Timestamp,
    pub(super) suppliers: Vec<SupplierDetails>,
    pub(super) warehouse: WarehouseDetails,
    pub(super) products: Vec<ProductDetails>,
    /// In the order of their dates.
    pub(super) movements: Vec<PlannedMovement>,
}

/// A planned movement in the warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlannedMovement {
    /// Index of the product in [`Plan::products`].
    pub(super) product: usize,
    /// Its `sequence` among the movements of the product, from 1 on.
    pub(super) sequence: u64,
    pub(super) at: Timestamp,
    pub(super) operation: Operation,
    pub(super) reference: Reference,
}

impl Plan {
    pub(super) fn make() -> Result<Self, ImportError> {
        let records = Northwind::read()?;
        let categories = records.categories.iter().map(|category| (category.id, category.category_name.as_str()));
        let categories: HashMap<u32, &str> = categories.collect();
        let products = records.products.iter().map(|product| {
            let category = categories.get(&product.category_id).copied();
            product_details(product, category)
        });
        Ok(Self {
            start: midnight(SIGNED_UP)?,
            suppliers: records.suppliers.iter().map(supplier_details).collect::<Result<_, _>>()?,
            warehouse: WarehouseDetails { name: "Main".parse()?, location: "Main warehouse".parse()?, capacity: None },
            products: products.collect::<Result<_, _>>()?,
            movements: movements(&records)?,
        })
    }

    /// This many seconds after sign-up, so that records of the catalogue keep their order.
    pub(super) fn after_start(&self, seconds_later: usize) -> Timestamp {
        self.start.plus(Duration::from_secs(u64::try_from(seconds_later).unwrap_or_default()))
    }
}

fn supplier_details(supplier: &Supplier) -> Result<SupplierDetails, ImportError> {
    let town = [Some(&supplier.city), supplier.region.as_ref(), supplier.postal_code.as_ref()];
    let town: Vec<&str> = town.into_iter().flatten().map(String::as_str).collect();
    Ok(SupplierDetails {
        name: supplier.company_name.parse()?,
        contact_email: None,
        contact_phone: Some(supplier.phone.parse()?),
        address: Some(format!("{}\n{}\n{}", supplier.address, town.join(", "), supplier.country).parse()?),
        lead_time_days: None,
    })
}

fn product_details(product: &Product, category: Option<&str>) -> Result<ProductDetails, ImportError> {
    let discontinued = if product.discontinued { " (discontinued)" } else { "" };
    Ok(ProductDetails {
        sku: format!("NW-{:04}", product.id).parse()?,
        name: product.product_name.parse()?,
        description: Some(format!("{}{discontinued}", product.quantity_per_unit).parse()?),
        category: category.map(str::parse).transpose()?,
        unit: "each".parse()?,
        decimal_places: DecimalPlaces::default(),
        min_stock_level: Quantity::from(product.reorder_level),
        reorder_quantity: None,
        barcode: None,
    })
}

/// The opening stock is the present stock plus all sales. Every product was sold, so no opening stock is 0.
fn movements(records: &Northwind) -> Result<Vec<PlannedMovement>, ImportError> {
    let places: HashMap<u32, usize> =
        records.products.iter().enumerate().map(|(place, product)| (product.id, place)).collect();
    let dates: HashMap<u32, Date> = records.orders.iter().map(|order| (order.id, order.order_date)).collect();
    let mut movements = Vec::new();

    let mut opening: Vec<u32> = records.products.iter().map(|product| product.units_in_stock).collect();
    for line in &records.order_lines {
        let level = places.get(&line.product_id).and_then(|place| opening.get_mut(*place));
        let level = level.ok_or(ImportError::Inconsistent)?;
        *level = level.saturating_add(line.quantity);
    }
    for (product, quantity) in opening.iter().enumerate() {
        let operation = Operation::In(Quantity::from(*quantity));
        let reference = OPENING.parse()?;
        movements.push(PlannedMovement { product, sequence: 1, at: midnight(OPENED)?, operation, reference });
    }

    let mut sequences = vec![1_u64; records.products.len()];
    for line in &records.order_lines {
        let product = *places.get(&line.product_id).ok_or(ImportError::Inconsistent)?;
        let sequence = sequences.get_mut(product).ok_or(ImportError::Inconsistent)?;
        *sequence = sequence.saturating_add(1);
        movements.push(PlannedMovement {
            product,
            sequence: *sequence,
            at: midnight(*dates.get(&line.order_id).ok_or(ImportError::Inconsistent)?)?,
            operation: Operation::Out(Quantity::from(line.quantity)),
            reference: line.order_id.to_string().parse()?,
        });
    }
    Ok(movements)
}

fn midnight(date: Date) -> Result<Timestamp, ImportError> {
    let moment = date.to_zoned_datetime(TimeZone::UTC).ok().map(|moment| moment.timestamp().as_millisecond());
    moment.and_then(Timestamp::from_unix_millis).ok_or(ImportError::Inconsistent)
}

#[cfg(test)]
mod tests {
    use stockroom_domain::stock::{Balance, admit};

    use super::*;

    #[test]
    fn planned_movements_end_at_the_present_stock() {
        let plan = Plan::make().unwrap();
        let records = Northwind::read().unwrap();
        assert!(plan.movements.is_sorted_by_key(|movement| movement.at));
        assert_eq!(plan.movements.len(), 77 + 2155);

        let mut balances = vec![Balance::default(); 77];
        for movement in &plan.movements {
            assert!(admit(movement.operation).is_ok(), "{movement:?}");
            let balance = &mut balances[movement.product];
            *balance = balance.apply(movement.operation).unwrap().balance;
            assert_eq!(balance.sequence, movement.sequence);
        }
        for (balance, product) in balances.iter().zip(&records.products) {
            assert_eq!(balance.on_hand, Quantity::from(product.units_in_stock), "{}", product.product_name);
        }
        let low =
            balances.iter().zip(&plan.products).filter(|(balance, product)| balance.is_below(product.min_stock_level));
        assert_eq!(low.count(), 18);
    }

    #[test]
    fn plan_of_the_records_has_their_details() {
        let plan = Plan::make().unwrap();
        let pavlova = &plan.suppliers[6];
        assert_eq!(pavlova.name.as_str(), "Pavlova, Ltd.");
        assert_eq!(
            pavlova.address.as_ref().unwrap().as_str(),
            "74 Rose St. Moonie Ponds\nMelbourne, Victoria, 3058\nAustralia"
        );
        let gumbo = &plan.products[4];
        assert_eq!(gumbo.sku.as_str(), "NW-0005");
        assert_eq!(gumbo.description.as_ref().unwrap().as_str(), "36 boxes (discontinued)");
        assert_eq!(gumbo.category.as_ref().unwrap().as_str(), "Condiments");
    }
}
