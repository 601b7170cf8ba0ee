//! The log as it is read: audit entries for admins, events for all who may read them.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by a panic")]

mod audit;
mod events;
mod feed;
mod filters;
