//! Asking to buy, deciding on it, and receiving what was ordered.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests: what is not as expected ends them there"
)]

mod closing;
mod drafts;
mod races;
mod receiving;
mod workflow;

const REQUESTS: &str = "/api/v1/purchase-requests";
