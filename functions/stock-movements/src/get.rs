//! `GET /stock-movements/{id}`: gets a stock movement.
//!
//! Tests: `tests/api/stock/recording.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, Operation, PathId, RequestStore, Scope, wire::MovementView};
use stockroom_domain::id::MovementId;

pub(crate) async fn get(store: RequestStore, scope: Scope, PathId(id): PathId<MovementId>) -> Result<Answer, ApiError> {
    Ok(Answer::ok(&MovementView::from(&store.movements(&scope).get(id).await?)))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Get a stock movement").shows::<MovementView<'_>>();
}
