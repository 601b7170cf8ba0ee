//! The harness of the integration tests: the whole product in one process, driven at its HTTP edge, with a table, a
//! clock and a source of randomness that the test controls.
//!
//! | item | use |
//! |---|---|
//! | [`Stack`] | one table and its functions; several processes can share a table |
//! | [`Shop`] | one organization with its users and goods |
//! | [`Client`], [`Request`], [`Reply`] | HTTP as deployed: gateway event, router, proxy response |
//! | [`Faults`] | faults between a function and its table |
//! | [`Access`] | a call of a function to the table, as a policy sees it; see [`Stack::accesses`] |
//! | [`Ingest`] | reports to Sentry |
//! | [`TestClock`], [`SeededEntropy`] | time and randomness |
//! | [`Reply::cost`], [`Reply::log`], [`log_lines`] | cost and log of a request; the log of the process |
//! | [`Stack::check_invariants`] | the invariants of the table |
//!
//! Every answer is compared with the OpenAPI document: an undocumented status, header, problem code or member fails the
//! test.
//!
//! At the end of every test, the log, the table and every problem document are searched for secrets.
//!
//! Another seed gives other faults and ids: `STOCKROOM_SEED=7 cargo test`.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by a panic"
)]

mod calls;
mod client;
mod conformance;
mod faults;
mod ingest;
mod invariants;
mod items;
mod observe;
mod reply;
mod shop;
mod sources;
mod stack;

pub use calls::Access;
pub use client::{Client, Request, at_once};
pub use faults::{Fault, Faults, Held};
pub use ingest::{Ingest, Manner};
pub use observe::log_lines;
pub use reply::Reply;
pub use shop::{New, PASSWORD, Person, Requested, Shop};
pub use sources::{SeededEntropy, TestClock};
pub use stack::Stack;
