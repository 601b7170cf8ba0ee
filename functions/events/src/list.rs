//! `GET /events`: lists events, newest first. With `after` it is a gap-free feed, oldest first.
//!
//! Tests: `tests/api/log/events.rs`, `tests/api/log/feed.rs`. Publishes no event.

use std::str::FromStr;

use axum::extract::State;
use stockroom_api::{
    Answer, ApiError, App, FromQuery, ListQuery, Listing, Operation, Parameters, RequestStore, Scope, Violation,
    describe,
};
use stockroom_domain::{event::EventType, fault::Fault};
use stockroom_store::{EventFilter, Since};

use crate::view::EventView;

pub(crate) struct Events {
    kind: Option<EventType>,
    after: Option<After>,
}

struct After(Since);

describe!(After: {
    "description": "Turns the list into a feed that continues after this event: the id of the last event that the \
                    client has, or `start` for the first one. A feed has no gaps and lags by a few seconds. `order` \
                    is then absent or `asc`.",
    "type": "string", "examples": ["start"],
});

impl FromStr for After {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        if text == "start" { Ok(Self(Since::Start)) } else { text.parse().map(|id| Self(Since::Event(id))) }
    }
}

impl FromQuery for Events {
    fn from_params<P: Parameters>(params: &mut P) -> Option<Self> {
        let kind = params.optional("type");
        params.describe("type", "Only events of this type. A feed skips other events and continues after them.");
        let after = params.optional("after");
        Some(Self { kind: kind?, after: after? })
    }
}

impl ListQuery for Events {
    fn is_descending_by_default(&self) -> bool {
        self.after.is_none()
    }
}

pub(crate) async fn list(
    State(app): State<App>,
    store: RequestStore,
    scope: Scope,
    listing: Listing<Events>,
) -> Result<Answer, ApiError> {
    let Events { kind, after } = &listing.filter;
    if after.is_some() && listing.page.descending {
        let fault = Fault::new("unknown_value", "must be asc or absent if after is given");
        return Err(ApiError::Validation(vec![Violation::parameter("order", fault)]));
    }
    let feed = after.as_ref().map(|After(since)| (*since, app.feed_settle()));
    let page = store.events(&scope).list(&EventFilter { kind: *kind, feed }, &listing.page).await?;
    listing.answer(&page, EventView::from)
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("List events")
        .note(
            "Without `after`, lists events newest first. With `after`, it is a feed: oldest first, every event \
             exactly once, without gaps, a few seconds after the change. At the end of the feed `next_cursor` is null; \
             continue later with the last id as `after`.",
        )
        .pages::<EventView<'_>>()
        .link("getEvent", "id", "$response.body#/items/0/id");
}
