//! Validation errors of single values.

use std::borrow::Cow;

/// A validation error of one value. The edge adds its position in the body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Fault {
    /// A stable code for programs, in `snake_case`.
    pub code: &'static str,
    /// A sentence for users. It never repeats the value itself.
    pub detail: Cow<'static, str>,
}

impl Fault {
    /// An error with its code and sentence.
    pub fn new(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into() }
    }
}
