//! A product as it is sent.

use stockroom_api::{FromBody, Members, Patch, body::NotNegative};
use stockroom_domain::{
    catalogue::{DecimalPlaces, ProductDetails},
    quantity::Quantity,
    text::{Barcode, Category, Description, ProductName, Sku, Unit},
};

/// What a product is counted in unless said otherwise.
fn each() -> Option<Unit> {
    "each".parse().ok()
}

/// A whole product, to add or to replace.
pub(crate) struct ProductBody(pub(crate) ProductDetails);

impl FromBody for ProductBody {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let sku = object.required::<Sku>("sku");
        let name = object.required::<ProductName>("name");
        let description = object.optional::<Description>("description");
        let category = object.optional::<Category>("category");
        let unit = object.or::<Unit>("unit", each()?);
        let decimal_places = object.or("decimal_places", DecimalPlaces::default());
        let min_stock_level = object.or("min_stock_level", NotNegative::ZERO).map(|NotNegative(quantity)| quantity);
        let reorder_quantity = object.optional("reorder_quantity").map(bare);
        let barcode = object.optional::<Barcode>("barcode");
        let quantities = [("min_stock_level", min_stock_level), ("reorder_quantity", reorder_quantity.flatten())];
        for (member, quantity) in quantities {
            refuse_finer(object, member, quantity, decimal_places);
        }
        Some(Self(ProductDetails {
            sku: sku?,
            name: name?,
            description: description?,
            category: category?,
            unit: unit?,
            decimal_places: decimal_places?,
            min_stock_level: min_stock_level?,
            reorder_quantity: reorder_quantity?,
            barcode: barcode?,
        }))
    }
}

/// What is to change of a product.
pub(crate) struct ProductPatch {
    sku: Option<Sku>,
    name: Option<ProductName>,
    description: Patch<Description>,
    category: Patch<Category>,
    unit: Patch<Unit>,
    decimal_places: Patch<DecimalPlaces>,
    min_stock_level: Patch<NotNegative>,
    reorder_quantity: Patch<NotNegative>,
    barcode: Patch<Barcode>,
}

impl FromBody for ProductPatch {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let sku = object.patch_required("sku");
        let name = object.patch_required("name");
        let description = object.patch("description");
        let category = object.patch("category");
        let unit = object.patch("unit");
        let decimal_places = object.patch("decimal_places");
        let min_stock_level = object.patch("min_stock_level");
        let reorder_quantity = object.patch("reorder_quantity");
        let barcode = object.patch("barcode");
        Some(Self {
            sku: sku?,
            name: name?,
            description: description?,
            category: category?,
            unit: unit?,
            decimal_places: decimal_places?,
            min_stock_level: min_stock_level?,
            reorder_quantity: reorder_quantity?,
            barcode: barcode?,
        })
    }
}

impl ProductPatch {
    /// The product after the patch.
    pub(crate) fn apply(&self, present: &ProductDetails) -> ProductDetails {
        ProductDetails {
            sku: self.sku.as_ref().unwrap_or(&present.sku).clone(),
            name: self.name.as_ref().unwrap_or(&present.name).clone(),
            description: self.description.or_none(&present.description),
            category: self.category.or_none(&present.category),
            unit: self.unit.or(&present.unit, each().unwrap_or_else(|| present.unit.clone())),
            decimal_places: self.decimal_places.or(&present.decimal_places, DecimalPlaces::default()),
            min_stock_level: self.min_stock_level.or(&NotNegative(present.min_stock_level), NotNegative::ZERO).0,
            reorder_quantity: bare(self.reorder_quantity.or_none(&present.reorder_quantity.map(NotNegative))),
            barcode: self.barcode.or_none(&present.barcode),
        }
    }
}

fn bare(quantity: Option<NotNegative>) -> Option<Quantity> {
    quantity.map(|NotNegative(quantity)| quantity)
}

/// Of a whole product this can be told at once; what a patch leaves, the store tells.
fn refuse_finer(object: &mut impl Members, member: &str, quantity: Option<Quantity>, places: Option<DecimalPlaces>) {
    if let (Some(quantity), Some(places)) = (quantity, places)
        && let Err(fault) = places.admit(quantity)
    {
        object.report(member, fault);
    }
}
