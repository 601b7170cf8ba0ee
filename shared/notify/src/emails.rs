//! The content of each email. HTML escapes every value from the table; in plain text each such value stays on one line,
//! except notes and reasons.

mod account;
mod purchase_request;
mod stock;

pub use account::{LinkEmail, NoticeEmail};
pub use purchase_request::{PurchaseRequestEmail, PurchaseRequestNews};
pub use stock::{LowStockEmail, WeeklyReportEmail};

use crate::address::one_line;

/// A number with the singular or plural of its noun.
fn plural(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

/// A value for a line of the plain text.
fn line(text: impl std::fmt::Display) -> String {
    one_line(&text.to_string())
}
