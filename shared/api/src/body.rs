//! Reading of JSON bodies and forms: every validation error is found in one pass, numbers keep their digits, and
//! unknown members are errors. The schema of a body comes from the code that reads it.

pub(crate) mod json;
mod macros;
pub(crate) mod members;
mod reader;
pub(crate) mod values;

pub use json::Node;
pub use members::{FromBody, Members, Object, Patch};
pub use values::{FromJson, NotNegative, Positive, Price};
