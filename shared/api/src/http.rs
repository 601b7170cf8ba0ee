//! The path of a request: the edge, the gate, extractors, answers, and rate limits.

pub(crate) mod answer;
pub(crate) mod app;
pub(crate) mod context;
mod credentials;
pub(crate) mod edge;
pub(crate) mod extract;
pub(crate) mod form;
pub(crate) mod gate;
pub(crate) mod hashing;
pub(crate) mod limits;
pub(crate) mod listing;
pub(crate) mod route;
pub(crate) mod stage;
mod tag;
