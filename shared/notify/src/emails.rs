//! The content of each email. HTML escapes every value from the table. Notes and reasons of users are quotations
//! ([`quoted`](crate::quoted)). All other values of users stay on one line.

mod account;
#[cfg(test)]
mod fixtures;
mod purchase_request;
mod stock;
#[cfg(test)]
mod tests;

pub use account::{AddressNews, LinkEmail, NoticeEmail};
pub use purchase_request::{PurchaseRequestEmail, PurchaseRequestNews};
pub use stock::{LowStockEmail, WeeklyReportEmail};

macro_rules! content_kinds {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// The kinds of emails.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ContentKind {
            $($(#[doc = $doc])+ $name,)+
        }

        impl ContentKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$name),+];
        }
    };
}

content_kinds! {
    /// A link to set the first password.
    Invitation,
    /// A link to replace a forgotten password.
    PasswordReset,
    /// A link to confirm another address of the account.
    EmailChange,
    /// A link to confirm the address of a sign-up.
    Welcome,
    /// A notice that another address was requested.
    EmailChangeNotice,
    /// A notice that the account has another address.
    EmailChangedNotice,
    /// A purchase request waits for a decision.
    PurchaseRequestSubmitted,
    /// A purchase request was approved.
    PurchaseRequestApproved,
    /// A purchase request was rejected.
    PurchaseRequestRejected,
    /// Goods of a purchase request have arrived.
    PurchaseRequestReceived,
    /// Lines of a purchase request were closed.
    PurchaseRequestClosed,
    /// Low levels.
    LowStock,
    /// The weekly report.
    WeeklyReport,
}

/// A number with the singular or plural of its noun.
fn plural(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

/// A value with its label.
struct Fact {
    label: &'static str,
    value: String,
    /// An addition to the value, such as an exclusion.
    note: Option<String>,
}

impl Fact {
    fn new(label: &'static str, value: String) -> Self {
        Self { label, value, note: None }
    }
}
