//! Helpers of several suites.

use serde_json::Value;
use stockroom_harness::{Held, Reply, Request, Stack};
use tokio::task::JoinHandle;

/// More pages than any list of these tests has.
const MOST_PAGES: usize = 500;

/// Sends a request in the background.
pub(crate) fn begin(request: Request) -> JoinHandle<Reply> {
    tokio::spawn(request.into_future())
}

/// Sends a request from a process that dies as soon as its call is held: its tasks and its connections end there. The
/// request must come from a process of its own. As long as the result lives, the call stays held.
#[must_use = "the call may go on when this is dropped"]
pub(crate) async fn die_when_held(request: Request, held: Held) -> Held {
    let life = move || {
        let process = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        process.block_on(async {
            drop(tokio::spawn(request.into_future()));
            held.arrived().await;
        });
        held
    };
    tokio::task::spawn_blocking(life).await.unwrap()
}

/// All items of a list, page by page. A page may be shorter than the limit, but not longer.
pub(crate) async fn walk(list: Request, limit: usize) -> Vec<Value> {
    let list = list.query(&[("limit", &limit.to_string())]);
    let (mut items, mut page) = (Vec::new(), list.clone());
    for _ in 0..MOST_PAGES {
        let reply = page.await.expect(200);
        let found = reply.items();
        assert!(found.len() <= limit, "a page of {limit} has {}", found.len());
        items.extend(found);
        let next = reply.json()["next_cursor"].take();
        let Some(cursor) = next.as_str() else {
            assert_eq!((next, reply.header("link")), (Value::Null, None));
            return items;
        };
        let link = reply.header("link").expect("there is a next page");
        assert!(link.ends_with("; rel=\"next\"") && link.contains("cursor="), "{link}");
        page = list.clone().query(&[("cursor", cursor)]);
    }
    panic!("the list has no end");
}

/// The entries that a request left in the log, movements among them.
pub(crate) fn entries_of(stack: &Stack, reply: &Reply) -> Vec<Value> {
    let id = reply.request_id();
    let is_its = |item: &Value| item["data"]["request_id"] == id || item["data"]["origin"]["request_id"] == id;
    log_of(&stack.items()).into_iter().filter(is_its).collect()
}

/// Every log entry among the items of a table, movements among them.
pub(crate) fn log_of(items: &[Value]) -> Vec<Value> {
    let is_entry = |item: &&Value| {
        let partition = item["pk"].as_str().unwrap();
        partition.contains("#MOVE#") || partition.contains("#LOG#")
    };
    items.iter().filter(is_entry).cloned().collect()
}

/// How many replies have each of these statuses; no reply may have another.
#[track_caller]
pub(crate) fn count<const N: usize>(replies: &[Reply], statuses: [u16; N]) -> [usize; N] {
    for reply in replies {
        let body = String::from_utf8_lossy(reply.bytes());
        assert!(statuses.contains(&reply.status()), "{}: {body}", reply.status());
    }
    statuses.map(|status| replies.iter().filter(|reply| reply.status() == status).count())
}
