//! The OpenAPI document (3.1), made from the operations: their routes and permissions, the types that their handlers
//! take, the code that reads bodies and parameters, the views, and the `describe` of each operation's file.
//!
//! The binary of a function has none of this: it builds the route table as a router and calls no `describe`.

pub(crate) mod contract;
pub(crate) mod document;
pub(crate) mod input;
pub(crate) mod operation;
mod outline;
mod problems;
pub(crate) mod routing;
mod samples;
mod texts;
