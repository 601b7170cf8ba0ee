//! The log as it is read: every change for admins, and what happened for everybody who may know.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests: what is not as expected ends them there"
)]

mod audit;
mod events;
mod feed;
mod filters;
