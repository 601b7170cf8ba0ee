//! `GET /stock-levels`: lists stock levels, now or at a past time.
//!
//! Tests: `tests/api/stock/levels.rs`, `tests/api/stock/past.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, ListQuery, Listing, Operation, RequestStore, Scope, request_query};
use stockroom_domain::{
    id::{ProductId, WarehouseId},
    time::Timestamp,
};
use stockroom_store::LevelFilter;

use crate::view::StockLevelView;

request_query! {
    /// Filters of stock levels.
    pub(crate) struct Levels(LevelFilter) {
        /// Only levels of this product.
        optional product as "product_id": ProductId,
        /// Only levels in this warehouse.
        optional warehouse as "warehouse_id": WarehouseId,
        /// The levels at this time (RFC 3339), including movements recorded at exactly this time. The time of recording
        /// counts, not `occurred_at`. Products and warehouses have the names of that time, even if they are deleted
        /// now. If a product or warehouse changed more than 1,000 times since, its name can be a later one.
        #[example = "2026-10-31T23:59:59.999Z"]
        optional as_of: Timestamp,
    }
}

impl ListQuery for Levels {}

pub(crate) async fn levels(store: RequestStore, scope: Scope, listing: Listing<Levels>) -> Result<Answer, ApiError> {
    let Levels(filter) = &listing.filter;
    let page = store.levels(&scope).list(filter, &listing.page).await?;
    listing.answer(&page, StockLevelView::from)
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("List stock levels").pages::<StockLevelView<'_>>().link(
        "getProduct",
        "id",
        "$response.body#/items/0/product_id",
    );
}
