//! Why a single value is not acceptable.

use std::borrow::Cow;

/// What is wrong with one value. The edge adds where the value stood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Fault {
    /// A stable word for programs, `snake_case`.
    pub code: &'static str,
    /// A sentence for people. It never repeats the value itself.
    pub detail: Cow<'static, str>,
}

impl Fault {
    /// A fault with its code and sentence.
    pub fn new(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into() }
    }
}
