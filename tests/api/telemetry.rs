//! Metrics in the log; reports and traces to Sentry.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests fail by a panic")]

mod metrics;
mod reports;
