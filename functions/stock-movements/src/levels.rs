//! `GET /stock-levels`: stock levels, now or at a moment of the past.
//!
//! Tests: `tests/api/stock/levels.rs`, `tests/api/stock/past.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, FromQuery, ListQuery, Listing, Operation, Parameters, RequestStore, Scope};
use stockroom_store::LevelFilter;

use crate::view::StockLevelView;

pub(crate) struct Levels(LevelFilter);

impl FromQuery for Levels {
    fn from_params<P: Parameters>(params: &mut P) -> Option<Self> {
        let product = params.optional("product_id");
        let warehouse = params.optional("warehouse_id");
        let as_of = params.optional("as_of");
        Some(Self(LevelFilter { product: product?, warehouse: warehouse?, as_of: as_of? }))
    }
}

impl ListQuery for Levels {}

pub(crate) async fn levels(store: RequestStore, scope: Scope, listing: Listing<Levels>) -> Result<Answer, ApiError> {
    let Levels(filter) = &listing.filter;
    let page = store.levels(&scope).list(filter, &listing.page).await?;
    listing.answer(&page, StockLevelView::from)
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("List levels")
        .about(
            "as_of",
            "The levels of that moment, by the time of recording. Products and warehouses appear under their names of that \
             moment, also if they were deleted since. A name that changed only after 1,000 later changes of the same product \
             or warehouse can be a later one.",
        )
        .pages::<StockLevelView<'_>>()
        .link("getProduct", "id", "$response.body#/items/0/product_id");
}
