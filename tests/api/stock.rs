//! Stock: movements, ledger, levels and low stock, also under races and faults.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by a panic"
)]

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
