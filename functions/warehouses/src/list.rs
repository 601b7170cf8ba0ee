//! `GET /warehouses`: lists warehouses.
//!
//! Tests: `tests/api/catalogue/warehouses.rs`, `tests/api/conventions/lists.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, CatalogueList, Listing, Operation, RequestStore, Scope};

use crate::view::WarehouseView;

pub(crate) async fn list(
    store: RequestStore,
    scope: Scope,
    listing: Listing<CatalogueList>,
) -> Result<Answer, ApiError> {
    let CatalogueList { filter, sort } = &listing.filter;
    let page = store.warehouses(&scope).list(filter, *sort, &listing.page).await?;
    let organization = scope.claim().organization;
    listing.answer(&page, |warehouse| WarehouseView::new(organization, warehouse))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("List warehouses")
        .pages::<WarehouseView<'_>>()
        .link("getWarehouse", "id", "$response.body#/items/0/id")
        .link("updateWarehouse", "id", "$response.body#/items/0/id")
        .link("deleteWarehouse", "id", "$response.body#/items/0/id");
}
