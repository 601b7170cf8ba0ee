//! Purchase requests: drafts, decisions, receipts and closing.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by a panic")]

mod closing;
mod drafts;
mod races;
mod receiving;
mod workflow;

const REQUESTS: &str = "/api/v1/purchase-requests";
