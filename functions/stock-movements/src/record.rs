//! `POST /stock-movements`: record what came, went, was moved, corrected or counted.

use stockroom_api::{Answer, ApiError, Body, RequestStore, Scope, wire::MovementView};
use stockroom_store::RecordedMovement;

use crate::body::MovementBody;

pub(crate) async fn record(
    store: RequestStore,
    scope: Scope,
    Body(MovementBody(new)): Body<MovementBody>,
) -> Result<Answer, ApiError> {
    let outcome = store.movements(&scope).record(&new, |recorded| created(recorded).keep()).await?;
    Answer::of(outcome, created)
}

fn created(recorded: &RecordedMovement) -> Answer {
    Answer::created(format!("/api/v1/stock-movements/{}", recorded.movement.id), &MovementView::from(recorded))
}
