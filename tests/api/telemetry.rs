//! What the product tells of itself while it runs: metrics in its log, failures and traces to Sentry.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "these are tests: what is not as expected ends them there"
)]

mod metrics;
mod reports;
