//! The outermost layer: the router of a function, and its connection to Lambda.

pub(crate) mod lambda;
pub(crate) mod routes;
