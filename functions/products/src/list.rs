//! `GET /products`: lists products.
//!
//! Tests: `tests/api/catalogue/products.rs`, `tests/api/catalogue/barcodes.rs`, `tests/api/conventions/lists.rs`.
//! Publishes no event.

use stockroom_api::{
    Answer, ApiError, FromQuery, ListQuery, Listing, Operation, Parameters, RequestStore, Scope, describe,
};
use stockroom_domain::fault::Fault;
use stockroom_store::{CatalogueFilter, CatalogueSort, ProductFilter, ProductSort};

use crate::view::ProductView;

pub(crate) struct Products {
    filter: ProductFilter,
    sort: ProductSort,
}

struct Sort(ProductSort);

describe!(Sort: {
    "description": "The member to sort by. Without `order`, `created_at` sorts newest first, `name` and `sku` \
                    ascending. Names and SKUs are compared without regard to case; products with the same name sort \
                    by age.",
    "type": "string", "enum": ["created_at", "name", "sku"], "default": "created_at", "examples": ["name"],
});

impl std::str::FromStr for Sort {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        Ok(Self(match text {
            "created_at" => ProductSort::Catalogue(CatalogueSort::CreatedAt),
            "name" => ProductSort::Catalogue(CatalogueSort::Name),
            "sku" => ProductSort::Sku,
            _ => return Err(Fault::new("unknown_value", "must be created_at, name or sku")),
        }))
    }
}

impl FromQuery for Products {
    fn from_params<P: Parameters>(params: &mut P) -> Option<Self> {
        let search = params.optional("search");
        params.describe(
            "search",
            "Only products with this text in name, SKU or barcode. Case, accents and width are ignored. The \
             description and the category are not searched.",
        );
        let category = params.optional("category");
        params.describe("category", "Only products of exactly this category. Case counts.");
        let sku = params.optional("sku");
        params.describe("sku", "Only the product with exactly this SKU, regardless of case.");
        let barcode = params.optional("barcode");
        params.describe("barcode", "Only products with exactly this barcode. Several products can have the same one.");
        let sort = params.optional::<Sort>("sort");
        Some(Self {
            filter: ProductFilter {
                catalogue: CatalogueFilter { search: search?, category: category? },
                sku: sku?,
                barcode: barcode?,
            },
            sort: sort?.map_or(ProductSort::Catalogue(CatalogueSort::CreatedAt), |Sort(sort)| sort),
        })
    }
}

impl ListQuery for Products {
    fn is_descending_by_default(&self) -> bool {
        self.sort == ProductSort::Catalogue(CatalogueSort::CreatedAt)
    }
}

pub(crate) async fn list(store: RequestStore, scope: Scope, listing: Listing<Products>) -> Result<Answer, ApiError> {
    let Products { filter, sort } = &listing.filter;
    let page = store.products(&scope).list(filter, *sort, &listing.page).await?;
    let organization = scope.claim().organization;
    listing.answer(&page, |product| ProductView::new(organization, product))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("List products")
        .pages::<ProductView<'_>>()
        .link("getProduct", "id", "$response.body#/items/0/id")
        .link("updateProduct", "id", "$response.body#/items/0/id")
        .link("deleteProduct", "id", "$response.body#/items/0/id");
}
