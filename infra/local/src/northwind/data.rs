//! The records of `infra/local/northwind/*.csv`. Money and discounts keep their exact decimals.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use jiff::civil::Date;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

const SUPPLIERS: &str = include_str!("../../northwind/suppliers.csv");
const CATEGORIES: &str = include_str!("../../northwind/categories.csv");
const PRODUCTS: &str = include_str!("../../northwind/products.csv");
const ORDERS: &str = include_str!("../../northwind/orders.csv");
const ORDER_LINES: &str = include_str!("../../northwind/order-details.csv");

/// All records.
#[derive(Debug, Clone)]
pub struct Northwind {
    /// By id.
    pub suppliers: Vec<Supplier>,
    /// By id.
    pub categories: Vec<Category>,
    /// By id.
    pub products: Vec<Product>,
    /// Orders of customers, by date and then by id.
    pub orders: Vec<Order>,
    /// Sold products, in the order of [`Northwind::orders`]. Lines of one order are in the order of the file.
    pub order_lines: Vec<OrderLine>,
}

/// A supplier of the company.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Supplier {
    /// Counts from 1.
    #[serde(rename = "supplierID")]
    pub id: u32,
    /// Name of the supplier.
    pub company_name: String,
    /// Name of its contact.
    pub contact_name: String,
    /// Street and number.
    pub address: String,
    /// City.
    pub city: String,
    /// State or province, where addresses have one.
    #[serde(deserialize_with = "nullable")]
    pub region: Option<String>,
    /// Postal code, where addresses have one.
    #[serde(deserialize_with = "nullable")]
    pub postal_code: Option<String>,
    /// Country, in English.
    pub country: String,
    /// In the notation of its country.
    pub phone: String,
}

/// A category of products.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Category {
    /// Counts from 1.
    #[serde(rename = "categoryID")]
    pub id: u32,
    /// One or two words.
    pub category_name: String,
    /// Examples of its products.
    pub description: String,
}

/// A product.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// Counts from 1.
    #[serde(rename = "productID")]
    pub id: u32,
    /// Its name.
    pub product_name: String,
    /// A [`Supplier`].
    #[serde(rename = "supplierID")]
    pub supplier_id: u32,
    /// A [`Category`].
    #[serde(rename = "categoryID")]
    pub category_id: u32,
    /// Content of a unit, such as `10 boxes x 20 bags`.
    pub quantity_per_unit: String,
    /// List price in dollars.
    pub unit_price: String,
    /// On hand after the last order.
    pub units_in_stock: u32,
    /// Ordered from the supplier and not yet received.
    pub units_on_order: u32,
    /// Stock below it is low.
    pub reorder_level: u32,
    /// No longer bought.
    #[serde(deserialize_with = "flag")]
    pub discontinued: bool,
}

/// A customer's order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Increases with the date.
    #[serde(rename = "orderID")]
    pub id: u32,
    /// Five letters.
    #[serde(rename = "customerID")]
    pub customer_id: String,
    /// Date of the order.
    pub order_date: Date,
    /// Date of shipment; `None` for an order that is not shipped.
    #[serde(deserialize_with = "nullable")]
    pub shipped_date: Option<Date>,
}

/// One product of an order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderLine {
    /// An [`Order`].
    #[serde(rename = "orderID")]
    pub order_id: u32,
    /// A [`Product`].
    #[serde(rename = "productID")]
    pub product_id: u32,
    /// Price in dollars before the discount.
    pub unit_price: String,
    /// Units sold, at least 1.
    pub quantity: u32,
    /// A fraction, `0` to below `1`.
    pub discount: String,
}

impl Northwind {
    /// Reads the records.
    ///
    /// # Errors
    ///
    /// A record is malformed, which only a changed file can cause.
    pub fn read() -> Result<Self, csv::Error> {
        let mut orders: Vec<Order> = rows(ORDERS)?;
        orders.sort_by_key(|order| (order.order_date, order.id));
        let position: HashMap<u32, usize> = orders.iter().enumerate().map(|(at, order)| (order.id, at)).collect();
        let mut order_lines: Vec<OrderLine> = rows(ORDER_LINES)?;
        order_lines.sort_by_key(|line| position.get(&line.order_id));
        Ok(Self {
            suppliers: rows(SUPPLIERS)?,
            categories: rows(CATEGORIES)?,
            products: rows(PRODUCTS)?,
            orders,
            order_lines,
        })
    }
}

fn rows<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, csv::Error> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().collect()
}

/// The files write `NULL` for an absent value.
fn nullable<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = String::deserialize(deserializer)?;
    if text == "NULL" { Ok(None) } else { text.parse().map(Some).map_err(D::Error::custom) }
}

/// The files write `0` and `1` for false and true.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    u8::deserialize(deserializer).map(|flag| flag != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_gives_every_record() {
        let northwind = Northwind::read().unwrap();
        assert_eq!(northwind.products.len(), 77);
        assert_eq!(northwind.suppliers.len(), 29);
        assert_eq!(northwind.categories.len(), 8);
        assert_eq!(northwind.orders.len(), 830);
        assert_eq!(northwind.order_lines.len(), 2155);
        let low = northwind.products.iter().filter(|product| product.units_in_stock < product.reorder_level);
        assert_eq!(low.count(), 18);
        assert_eq!(northwind.orders.iter().filter(|order| order.shipped_date.is_none()).count(), 21);
    }

    #[test]
    fn reading_sorts_order_lines_by_date() {
        let northwind = Northwind::read().unwrap();
        let dates: HashMap<u32, Date> = northwind.orders.iter().map(|order| (order.id, order.order_date)).collect();
        let when = |line: &OrderLine| (dates[&line.order_id], line.order_id);
        assert!(northwind.order_lines.is_sorted_by_key(when));
        let first: Vec<u32> = northwind.order_lines.iter().take(3).map(|line| line.product_id).collect();
        assert_eq!(first, [11, 42, 72]);
    }
}
