//! Texts of the OpenAPI document that are the same for many operations.

use http::Method;

/// The response of every list.
pub(super) const PAGE: &str = "\
A page of the list. The header `Link` and the member `next_cursor` lead to the next page. A list can lag a few \
moments behind a write; a read by id never does. The gateway limits a page to 5 MiB.";

/// The header `Idempotency-Key`.
pub(super) const IDEMPOTENCY_KEY: &str = "\
Makes a retry safe: a key that the client chooses, such as a UUID. A request of the same user with the same key, \
route and body has no further effect and returns the first successful response again, with `Idempotency-Replayed: \
true`. Another body is 422 `idempotency_key_reused`. Responses are stored for 24 hours, those of movements and \
receipts permanently. Refusals are not stored.";

/// The header `If-None-Match`.
pub(super) const IF_NONE_MATCH: &str = "\
One or more ETags of versions that the client has, or `*`. The whole tag is compared. If one is current, the response \
is 304 without a body.";

/// The rules for bodies that no schema shows.
pub(super) fn body(method: &Method) -> String {
    let members = match *method {
        Method::PUT => "An absent member takes its default. ",
        Method::PATCH => {
            "A JSON merge patch (RFC 7396): an absent member keeps its value, null resets a member to its default. "
        }
        _ => "",
    };
    format!(
        "{members}Unknown members are errors. Text is trimmed and normalized to Unicode NFC. A `single-line` text has \
         no control characters; a `multi-line` text also allows line breaks, which are stored as LF, and tabs. Both \
         need a visible character. The body has at most 1 MiB, is in UTF-8 and has no `Content-Encoding`."
    )
}
