//! Publishes events on EventBridge and sends emails through SES.
//!
//! The functions decide who gets which email, and when.

mod address;
mod bus;
mod connection;
mod detail;
mod emails;
mod mailer;
mod publish;
mod quoted;
mod transport;
mod unlinked;

pub use address::Address;
pub use bus::{Bus, BusEntry, EventBridge, MAX_ENTRIES, MAX_ENTRY_BYTES, SOURCE};
pub use detail::{Detail, VERSION};
pub use emails::{
    AddressNews, ContentKind, LinkEmail, LowStockEmail, NoticeEmail, PurchaseRequestEmail, PurchaseRequestNews,
    WeeklyReportEmail,
};
pub use mailer::{Email, Mailer, Quota, Unsent};
pub use publish::publish_all;
pub use transport::{Content, Message, SendError, Ses, Transport};
