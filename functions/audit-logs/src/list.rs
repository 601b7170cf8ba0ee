//! `GET /audit-logs`: lists audit entries, newest first.
//!
//! Tests: `tests/api/log/filters.rs`, `tests/api/log/audit.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, ListQuery, Listing, Operation, RequestStore, Scope, request_query};
use stockroom_domain::{
    id::{EntityId, UserId},
    log::{Action, Entity},
    time::Timestamp,
};
use stockroom_store::EntryFilter;

use crate::view::EntryView;

request_query! {
    /// Filters of the audit log.
    pub(crate) struct Entries(EntryFilter) {
        optional entity: Entity,
        /// Id of the changed resource.
        optional entity_id: EntityId,
        /// Id of the user who made the change.
        optional actor as "actor_id": UserId,
        optional action: Action,
        /// Created at this time or later.
        optional from: Timestamp,
        /// Created before this time.
        optional to: Timestamp,
    }
}

impl ListQuery for Entries {}

pub(crate) async fn list(store: RequestStore, scope: Scope, listing: Listing<Entries>) -> Result<Answer, ApiError> {
    let Entries(filter) = &listing.filter;
    let page = store.audit_log(&scope).list(filter, &listing.page).await?;
    listing.answer(&page, EntryView::from)
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("List audit entries").pages::<EntryView<'_>>().link("getAuditLog", "id", "$response.body#/items/0/id");
}
