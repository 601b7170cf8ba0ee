//! DynamoDB: the connection, items and expressions, and each kind of call with its retries and its cost.

pub(crate) mod client;
pub(crate) mod decode;
pub(crate) mod expression;
pub(crate) mod https;
pub(crate) mod item;
pub(crate) mod key;
pub(crate) mod merge;
pub(crate) mod meter;
pub(crate) mod page;
pub(crate) mod query;
pub(crate) mod retry;
pub(crate) mod table;
