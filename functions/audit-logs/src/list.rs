//! `GET /audit-logs`: audit entries, newest first.
//!
//! Tests: `tests/api/log/filters.rs`, `tests/api/log/audit.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, FromQuery, ListQuery, Listing, Operation, Parameters, RequestStore, Scope};
use stockroom_store::EntryFilter;

use crate::view::EntryView;

pub(crate) struct Entries(EntryFilter);

impl FromQuery for Entries {
    fn from_params<P: Parameters>(params: &mut P) -> Option<Self> {
        let entity = params.optional("entity");
        let entity_id = params.optional("entity_id");
        let actor = params.optional("actor_id");
        let action = params.optional("action");
        let from = params.optional("from");
        let to = params.optional("to");
        Some(Self(EntryFilter {
            entity: entity?,
            entity_id: entity_id?,
            actor: actor?,
            action: action?,
            from: from?,
            to: to?,
        }))
    }
}

impl ListQuery for Entries {}

pub(crate) async fn list(store: RequestStore, scope: Scope, listing: Listing<Entries>) -> Result<Answer, ApiError> {
    let Entries(filter) = &listing.filter;
    let page = store.audit_log(&scope).list(filter, &listing.page).await?;
    listing.answer(&page, EntryView::from)
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("List entries of the audit log")
        .about("entity_id", "What it was done to.")
        .about("actor_id", "Who did it.")
        .about("from", "Done then or later.")
        .about("to", "Done before.")
        .pages::<EntryView<'_>>()
        .link("getAuditLog", "id", "$response.body#/items/0/id");
}
