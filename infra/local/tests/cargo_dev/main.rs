//! The program `dev` as a process: what it prints, the tour of the pages, and its errors.
#![cfg(unix)]
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by a panic")]

mod interrupted;
mod page;
mod printed;
mod process;
mod storage;
mod tour;
