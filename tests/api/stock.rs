//! Stock, from the first receipt to the last argument over one item: what is recorded, what is told of it, and that it
//! stays right when everybody works at once and everything goes wrong.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests: what is not as expected ends them there"
)]

mod deletion;
mod faults;
mod ledger;
mod levels;
mod log;
mod low;
mod minimum;
mod names;
mod past;
mod races;
mod random;
mod recording;
pub(crate) mod support;
mod units;
