//! What leaves the table: events on their way to the bus, and mail to people, with the clients of EventBridge and SES.
//!
//! Who gets which mail, and when, is not decided here: that is the functions' part.
#![warn(missing_docs)]

mod address;
mod bus;
mod detail;
mod letters;
mod mail;

pub use address::Address;
pub use bus::{Bus, BusEntry, EventBridge, LARGEST_ENTRY, MOST_ENTRIES, SOURCE};
pub use detail::{Detail, VERSION};
pub use letters::{LinkLetter, RequestLetter, RequestNews};
pub use mail::{Mail, Mailer, SendError, Ses, Text};

use std::time::Duration;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Longest wait for the answer of one call; well below the lease of a mail.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
