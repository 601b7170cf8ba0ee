//! `GET /suppliers`: all of them, page by page.

use stockroom_api::{Answer, ApiError, CatalogueList, Listing, Operation, RequestStore, Scope};

use crate::view::SupplierView;

pub(crate) async fn list(
    store: RequestStore,
    scope: Scope,
    listing: Listing<CatalogueList>,
) -> Result<Answer, ApiError> {
    let CatalogueList { filter, sort } = &listing.filter;
    let page = store.suppliers(&scope).list(filter, *sort, &listing.page).await?;
    let organization = scope.claim().organization;
    listing.answer(&page, |supplier| SupplierView::new(organization, supplier))
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("List suppliers")
        .pages::<SupplierView<'_>>()
        .leads("suppliers_get", "id", "$response.body#/items/0/id")
        .leads("suppliers_patch", "id", "$response.body#/items/0/id")
        .leads("suppliers_delete", "id", "$response.body#/items/0/id");
}
