//! `GET /warehouses`: all of them, page by page.

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

pub(crate) fn contract(it: &mut Operation) {
    it.summary("List warehouses")
        .pages::<WarehouseView<'_>>()
        .leads("warehouses_get", "id", "$response.body#/items/0/id")
        .leads("warehouses_patch", "id", "$response.body#/items/0/id")
        .leads("warehouses_delete", "id", "$response.body#/items/0/id");
}
