//! Bodies of products.

use stockroom_api::{Members, body::NotNegative, request_body};
use stockroom_domain::{
    catalogue::{DecimalPlaces, ProductDetails},
    quantity::Quantity,
    text::{Barcode, Category, Description, ProductName, Sku, Unit},
};

request_body! {
    /// The values of a product.
    pub(crate) struct ProductBody(ProductDetails), patch ProductPatch {
        required sku: Sku,
        required name: ProductName,
        optional description: Description,
        optional category: Category,
        /// Unit of all quantities of the product, such as `each`, `kg` or `box of 12`. It is a label: nothing is
        /// converted. It cannot change after the first movement.
        default unit: Unit = Unit::each(),
        /// Number of decimals of the product's quantities. With 0, quantities are whole numbers. It cannot decrease
        /// after the first movement.
        default decimal_places: DecimalPlaces = DecimalPlaces::default(),
        /// Levels below this quantity, in any warehouse, are low: they are listed and mailed to managers. With 0 a
        /// level is never low.
        #[example = 10]
        default min_stock_level: NotNegative = NotNegative::ZERO,
        /// The usual quantity of an order, in `unit`. Nothing is ordered automatically.
        #[example = 40]
        optional reorder_quantity: NotNegative,
        /// Barcode as a scanner reads it. Check digits are not verified. Several products can have the same one.
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
