//! `GET /stock-movements/low-stock`: lists levels below their minimum.
//!
//! Tests: `tests/api/stock/low.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, FromQuery, ListQuery, Listing, Operation, Parameters, RequestStore, Scope};

use crate::view::LowStockView;

pub(crate) struct Low;

impl FromQuery for Low {
    fn from_params<P: Parameters>(_params: &mut P) -> Option<Self> {
        Some(Self)
    }
}

impl ListQuery for Low {}

pub(crate) async fn low_stock(store: RequestStore, scope: Scope, listing: Listing<Low>) -> Result<Answer, ApiError> {
    let page = store.levels(&scope).low(&listing.page).await?;
    listing.answer(&page, LowStockView::from)
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("List low stock levels")
        .note(
            "Lists the levels below the product's `min_stock_level`, in warehouses that have ever had stock of the \
             product.",
        )
        .pages::<LowStockView<'_>>()
        .link("getProduct", "id", "$response.body#/items/0/product_id");
}
