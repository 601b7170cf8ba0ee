//! Answers to requests.

use std::collections::HashMap;

use bytes::Bytes;
use http::{HeaderMap, response::Parts};
use serde_json::{Value, value::RawValue};
use stockroom_store::Cost;

use crate::observe;

/// An answer, with its cost.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Method and path, for failure messages.
    request: String,
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Reply {
    #[track_caller]
    pub(crate) fn new(request: String, parts: Parts, body: Bytes) -> Self {
        if parts.status.as_u16() >= 400 {
            observe::keeps_secrets(&request, &String::from_utf8_lossy(&body));
        }
        Self { request, status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// The status, as a number.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The same reply, if its status is this one.
    #[expect(clippy::return_self_not_must_use, reason = "often the status is all that matters")]
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        let cause = if self.status >= 500 && self.status != status { self.log() } else { Vec::new() };
        assert_eq!(self.status, status, "{}: {} {cause:?}", self.request, String::from_utf8_lossy(&self.body));
        self
    }

    /// A header's value; of several, the first.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// All headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body as it came.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as JSON.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| self.fail("is not JSON"))
    }

    /// The text of the JSON value at a pointer, to the last digit; `None` where there is none.
    #[must_use]
    #[track_caller]
    pub fn literal(&self, pointer: &str) -> Option<String> {
        let mut value: &str = std::str::from_utf8(&self.body).unwrap();
        for step in pointer.split('/').skip(1) {
            value = match step.parse::<usize>() {
                Ok(index) => serde_json::from_str::<Vec<&RawValue>>(value).ok()?.get(index)?.get(),
                Err(_) => serde_json::from_str::<HashMap<String, &RawValue>>(value).ok()?.get(step)?.get(),
            };
        }
        Some(value.to_owned())
    }

    /// The `id` in the body.
    #[must_use]
    #[track_caller]
    pub fn id(&self) -> String {
        self.member("id").as_str().map_or_else(|| self.fail("has no id"), str::to_owned)
    }

    /// The `version` in the body.
    #[must_use]
    #[track_caller]
    pub fn version(&self) -> u64 {
        self.member("version").as_u64().unwrap_or_else(|| self.fail("has no version"))
    }

    /// The version that its entity tag is of.
    #[must_use]
    pub fn tag_version(&self) -> Option<u64> {
        let (version, _digest) = self.header("etag")?.strip_prefix('"')?.split_once('-')?;
        version.parse().ok()
    }

    /// The `items` of a page.
    #[must_use]
    #[track_caller]
    pub fn items(&self) -> Vec<Value> {
        self.member("items").as_array().cloned().unwrap_or_else(|| self.fail("is no page"))
    }

    /// The problem's code.
    #[must_use]
    #[track_caller]
    pub fn code(&self) -> String {
        self.member("code").as_str().map_or_else(|| self.fail("is no problem"), str::to_owned)
    }

    /// The places of a problem's validation errors, with their codes: `/items/0/quantity out_of_range`.
    #[must_use]
    #[track_caller]
    pub fn faults(&self) -> Vec<String> {
        let errors = self.member("errors");
        let faults = errors.as_array().unwrap_or_else(|| self.fail("names no faults"));
        let place = |fault: &Value| {
            let place = ["pointer", "parameter", "header"].iter().find_map(|kind| fault[kind].as_str());
            format!("{} {}", place.unwrap_or("nowhere"), fault["code"].as_str().unwrap_or("no code"))
        };
        faults.iter().map(place).collect()
    }

    /// The request's id.
    #[must_use]
    #[track_caller]
    pub fn request_id(&self) -> &str {
        self.header("x-request-id").unwrap_or_else(|| self.fail("has no request id"))
    }

    /// The product's log lines of the request.
    #[must_use]
    #[track_caller]
    pub fn log(&self) -> Vec<Value> {
        observe::lines_of(self.request_id())
    }

    /// The cost of the request at the table, from the edge's log line.
    #[must_use]
    #[track_caller]
    pub fn cost(&self) -> Cost {
        let log = self.log();
        let line = log.iter().find(|line| line["message"] == "request");
        let line = line.unwrap_or_else(|| self.fail("came from no function"));
        let figure = |name: &str| line[name].as_u64().unwrap_or_else(|| panic!("{name} in {line}"));
        Cost {
            calls: figure("calls").try_into().unwrap(),
            round_trips: figure("round_trips").try_into().unwrap(),
            read_halves: figure("read_half_units"),
            write_halves: figure("write_half_units"),
        }
    }

    #[track_caller]
    fn member(&self, name: &str) -> Value {
        self.json()[name].take()
    }

    #[track_caller]
    fn fail(&self, why: &str) -> ! {
        let Self { request, status, body, .. } = self;
        panic!("the answer to {request} {why}: {status} {}", String::from_utf8_lossy(body))
    }
}
