//! The console's pages: their content and their forms.
#![expect(clippy::panic, clippy::unwrap_used, reason = "tests fail by a panic")]

mod content;
mod forms;

use stockroom_harness::Reply;

/// A page as text.
#[track_caller]
fn html(reply: &Reply) -> &str {
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
    std::str::from_utf8(reply.bytes()).unwrap()
}
