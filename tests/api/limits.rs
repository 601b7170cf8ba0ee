//! Rate limits: their effect on users, organizations and addresses, across processes, and the cost of counting.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests fail by a panic")]

mod attempts;
mod costs;
mod faults;
mod hashing;
mod mails;
mod requests;
mod shared;
mod strangers;
mod support;
