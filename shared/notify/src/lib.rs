//! What leaves the table: events on their way to the bus, and mail to people, with the clients of EventBridge and SES.
//!
//! Who gets which mail, and when, is not decided here: that is the functions' part.

mod address;
mod bus;
mod connection;
mod detail;
mod letters;
mod mail;
mod post;
mod put;
mod unlinked;

pub use address::Address;
pub use bus::{Bus, BusEntry, EventBridge, LARGEST_ENTRY, MOST_ENTRIES, SOURCE};
pub use detail::{Detail, VERSION};
pub use letters::{LinkLetter, LowStockLetter, NoticeLetter, RequestLetter, RequestNews, WeeklyLetter};
pub use mail::{Mail, Mailer, SendError, Ses, Text};
pub use post::{Letter, Post, Quota, Unsent};
pub use put::put_all;
