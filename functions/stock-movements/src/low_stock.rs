//! `GET /stock-movements/low-stock`: the levels below their minimum.

use stockroom_api::{Answer, ApiError, FromQuery, ListQuery, Listing, Params, RequestStore, Scope};

use crate::view::LowStockView;

pub(crate) struct Low;

impl FromQuery for Low {
    fn from_params(_params: &mut Params<'_>) -> Option<Self> {
        Some(Self)
    }
}

impl ListQuery for Low {}

pub(crate) async fn low_stock(store: RequestStore, scope: Scope, listing: Listing<Low>) -> Result<Answer, ApiError> {
    let page = store.levels(&scope).low(&listing.page).await?;
    listing.answer(&page, LowStockView::from)
}
