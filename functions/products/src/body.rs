//! Bodies of products.

use stockroom_api::{Members, body::NotNegative, request_body};
use stockroom_domain::{
    catalogue::{DecimalPlaces, ProductDetails},
    quantity::Quantity,
    text::{Barcode, Category, Description, ProductName, Sku, Unit},
};

request_body! {
    /// A product to add, or to replace.
    pub(crate) struct ProductBody(ProductDetails), patch ProductPatch {
        required sku: Sku,
        required name: ProductName,
        optional description: Description,
        optional category: Category,
        /// The unit of the product's quantities.
        default unit: Unit = Unit::each(),
        default decimal_places: DecimalPlaces = DecimalPlaces::default(),
        /// Levels below this quantity are low.
        default min_stock_level: NotNegative = NotNegative::ZERO,
        /// The usual quantity of an order.
        optional reorder_quantity: NotNegative,
        optional barcode: Barcode,
    }
    check |object| {
        let quantities = [("min_stock_level", min_stock_level), ("reorder_quantity", reorder_quantity.flatten())];
        for (member, quantity) in quantities {
            refuse_finer(object, member, quantity.map(Into::into), decimal_places);
        }
    }
}

/// Reports a quantity with more decimals than the product has. After a patch, the store checks this.
fn refuse_finer(object: &mut impl Members, member: &str, quantity: Option<Quantity>, places: Option<DecimalPlaces>) {
    if let (Some(quantity), Some(places)) = (quantity, places)
        && let Err(fault) = places.admit(quantity)
    {
        object.report(member, fault);
    }
}
