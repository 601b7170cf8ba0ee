//! The gateway's own answers are problem documents like those of the functions.

use http::StatusCode;
use serde_json::Value;

use super::parsed;

#[test]
fn answers_of_the_gateway_are_problem_documents() {
    let api = &parsed::resources()["Api"]["Properties"];
    for (kind, answer) in api["GatewayResponses"].as_object().unwrap() {
        let problem: Value =
            serde_json::from_str(answer["ResponseTemplates"]["application/json"].as_str().unwrap()).unwrap();
        let members: Vec<_> = problem.as_object().unwrap().keys().collect();
        assert_eq!(members, ["type", "title", "status", "detail", "instance", "code", "request_id"], "{kind}");
        let status = StatusCode::from_u16(answer["StatusCode"].as_u64().unwrap().try_into().unwrap()).unwrap();
        assert_eq!((&problem["type"], &problem["status"]), (&"about:blank".into(), &status.as_u16().into()), "{kind}");
        assert_eq!(problem["title"], status.canonical_reason().unwrap(), "{kind}");
        let (path, request_id) = (&problem["instance"], &problem["request_id"]);
        assert_eq!((path, request_id), (&"$context.path".into(), &"$context.requestId".into()), "{kind}");
        let code = match status {
            StatusCode::NOT_FOUND => "not_found",
            StatusCode::PAYLOAD_TOO_LARGE => "body_too_large",
            StatusCode::TOO_MANY_REQUESTS => "rate_limited",
            StatusCode::INTERNAL_SERVER_ERROR => "internal",
            _ => problem["code"].as_str().unwrap(),
        };
        assert_eq!(problem["code"], code, "{kind}");

        let headers = &answer["ResponseParameters"]["Headers"];
        for (name, value) in [
            ("Content-Type", "'application/problem+json'"),
            ("Cache-Control", "'no-store'"),
            ("X-Content-Type-Options", "'nosniff'"),
            ("Strict-Transport-Security", "'max-age=63072000; includeSubDomains'"),
            ("X-Request-Id", "context.requestId"),
        ] {
            assert_eq!(headers[name], value, "{kind}: {name}");
        }
        assert_eq!(headers["Retry-After"].is_string(), status == StatusCode::TOO_MANY_REQUESTS, "{kind}");
    }
}
