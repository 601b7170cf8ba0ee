//! `GET /audit-logs/{id}`: gets an audit entry.
//!
//! Tests: `tests/api/log/audit.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, Operation, PathId, RequestStore, Scope};
use stockroom_domain::id::EntryId;

use crate::view::EntryView;

pub(crate) async fn get(store: RequestStore, scope: Scope, PathId(id): PathId<EntryId>) -> Result<Answer, ApiError> {
    Ok(Answer::ok(&EntryView::from(&store.audit_log(&scope).get(id).await?)))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Get an audit entry").shows::<EntryView<'_>>();
}
