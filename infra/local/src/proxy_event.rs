//! Converts HTTP requests to proxy events of a REST API, and proxy responses to HTTP.
//!
//! Events are built as JSON. The request type of `aws_lambda_events` writes `{}` for an absent query where the gateway
//! writes null, and the first of repeated values where the gateway writes the last.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, USER_AGENT};
use http::request::Parts;
use http::{HeaderValue, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

/// The account of all local requests, which AWS uses in its examples.
pub(crate) const ACCOUNT_ID: &str = "123456789012";
const API_ID: &str = "local";
/// The stage. It is part of no route; the edge of a function removes it from paths.
const STAGE: &str = "local";
const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// The context that API Gateway adds to a request.
#[derive(Debug, Clone)]
pub struct GatewayContext<'a> {
    /// The address of the client.
    pub source_ip: IpAddr,
    /// The id that API Gateway gives to the request.
    pub request_id: &'a str,
    /// Time of arrival.
    pub time: Timestamp,
    /// The template of the route that matched, such as `/api/v1/products/{id}`.
    pub resource: &'a str,
    /// The parameters of the path, undecoded.
    pub path_parameters: BTreeMap<&'a str, &'a str>,
}

/// Why the answer of a function cannot be sent. API Gateway answers 502 instead.
#[derive(Debug, thiserror::Error)]
pub enum MalformedResponse {
    /// A member is missing or has another type.
    #[error("the answer of the function is not a proxy response: {0}")]
    Shape(#[from] serde_json::Error),
    /// The status is invalid.
    #[error("the answer of the function has an invalid status: {0}")]
    Http(#[from] http::Error),
    /// `isBase64Encoded` is set, but the body is not base64.
    #[error("the body of the answer is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
}

/// The event of a request. The path stays as sent, the query is decoded, and a body that is not UTF-8 becomes base64.
#[must_use]
pub fn proxy_event(parts: &Parts, body: &Bytes, context: &GatewayContext<'_>) -> Value {
    let path = parts.uri.path();
    let method = parts.method.as_str();
    let query = parts.uri.query().unwrap_or_default();
    let (parameters, all_parameters) = single_and_multi(form_urlencoded::parse(query.as_bytes()));
    let (headers, all_headers) = single_and_multi(headers(parts, context.source_ip));
    let (body, encoded) = match std::str::from_utf8(body) {
        Ok("") => (Value::Null, false),
        Ok(text) => (json!(text), false),
        Err(_) => (json!(STANDARD.encode(body)), true),
    };
    json!({
        "resource": context.resource,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": all_headers,
        "queryStringParameters": parameters,
        "multiValueQueryStringParameters": all_parameters,
        "pathParameters": if context.path_parameters.is_empty() { Value::Null } else { json!(context.path_parameters) },
        "stageVariables": null,
        "requestContext": {
            "accountId": ACCOUNT_ID,
            "apiId": API_ID,
            "resourcePath": context.resource,
            "httpMethod": method,
            "path": path,
            "protocol": format!("{:?}", parts.version),
            "stage": STAGE,
            "domainName": parts.headers.get(HOST).map(text),
            "requestId": context.request_id,
            "requestTime": context.time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "requestTimeEpoch": context.time.as_millisecond(),
            "identity": {
                "sourceIp": context.source_ip.to_string(),
                "userAgent": parts.headers.get(USER_AGENT).map(text),
            },
        },
        "body": body,
        "isBase64Encoded": encoded,
    })
}

/// The HTTP answer for the proxy response of a function.
///
/// # Errors
///
/// See [`MalformedResponse`].
pub fn http_response(response: &Value) -> Result<Response<Bytes>, MalformedResponse> {
    let answer = ApiGatewayProxyResponse::deserialize(response)?;
    let status = u16::try_from(answer.status_code).unwrap_or_default();
    let body = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded { STANDARD.decode(body)?.into() } else { Bytes::copy_from_slice(&body) };
    let mut http = Response::builder().status(status).body(body)?;

    // A name in both forms has the values of the form that can hold more than one.
    let single = answer.headers.into_iter().filter_map(|(name, value)| Some((name?, value)));
    *http.headers_mut() = answer.multi_value_headers;
    for (name, value) in single {
        http.headers_mut().entry(name).or_insert(value);
    }
    // The gateway sets the length of a body. An answer to HEAD has a length without a body.
    if !http.body().is_empty() {
        http.headers_mut().remove(CONTENT_LENGTH);
    }
    Ok(http)
}

/// The headers of the request and those that API Gateway adds. Addresses of other proxies precede that of the client.
fn headers(parts: &Parts, source_ip: IpAddr) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let sent = parts.headers.iter().filter(|(name, _)| !matches!(name.as_str(), FORWARDED_FOR | FORWARDED_PROTO));
    let forwarded_for = match parts.headers.get(FORWARDED_FOR) {
        Some(before) => format!("{}, {source_ip}", text(before)),
        None => source_ip.to_string(),
    };
    sent.map(|(name, value)| (Cow::from(name.as_str()), text(value)))
        .chain([(FORWARDED_FOR.into(), forwarded_for.into()), (FORWARDED_PROTO.into(), "http".into())])
}

/// The two forms of names and values: the last value of each name, and all values. Both are null if there are none.
fn single_and_multi<'a>(pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> (Value, Value) {
    let mut single = Map::new();
    let mut multi = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in pairs {
        single.insert(name.to_string(), json!(value));
        multi.entry(name).or_default().push(value);
    }
    if single.is_empty() { (Value::Null, Value::Null) } else { (Value::Object(single), json!(multi)) }
}

fn text(value: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use http::Request;

    use super::*;

    fn event(request: Request<&'static [u8]>) -> Value {
        let (parts, body) = request.into_parts();
        let context = GatewayContext {
            source_ip: Ipv4Addr::LOCALHOST.into(),
            request_id: "5e5b1f4e",
            time: "2026-11-23T02:57:00.250Z".parse().unwrap(),
            resource: "/products/{id}",
            path_parameters: BTreeMap::from([("id", "a%2Fb")]),
        };
        proxy_event(&parts, &Bytes::from_static(body), &context)
    }

    #[test]
    fn event_of_a_request_is_that_of_a_rest_api() {
        let request = Request::post("/products/a%2Fb?tag=1&tag=caf%C3%A9+au%26lait&empty=")
            .header("host", "northwind.localhost:8000")
            .header("user-agent", "curl")
            .header("accept", "text/html")
            .header("accept", "*/*")
            .header("x-forwarded-for", "203.0.113.9")
            .body("{\"name\":\"Chaï\"}".as_bytes())
            .unwrap();

        assert_eq!(
            event(request),
            json!({
                "resource": "/products/{id}",
                "path": "/products/a%2Fb",
                "httpMethod": "POST",
                "headers": {
                    "host": "northwind.localhost:8000",
                    "user-agent": "curl",
                    "accept": "*/*",
                    "x-forwarded-for": "203.0.113.9, 127.0.0.1",
                    "x-forwarded-proto": "http",
                },
                "multiValueHeaders": {
                    "host": ["northwind.localhost:8000"],
                    "user-agent": ["curl"],
                    "accept": ["text/html", "*/*"],
                    "x-forwarded-for": ["203.0.113.9, 127.0.0.1"],
                    "x-forwarded-proto": ["http"],
                },
                "queryStringParameters": {"tag": "café au&lait", "empty": ""},
                "multiValueQueryStringParameters": {"tag": ["1", "café au&lait"], "empty": [""]},
                "pathParameters": {"id": "a%2Fb"},
                "stageVariables": null,
                "requestContext": {
                    "accountId": "123456789012",
                    "apiId": "local",
                    "resourcePath": "/products/{id}",
                    "httpMethod": "POST",
                    "path": "/products/a%2Fb",
                    "protocol": "HTTP/1.1",
                    "stage": "local",
                    "domainName": "northwind.localhost:8000",
                    "requestId": "5e5b1f4e",
                    "requestTime": "23/Nov/2026:02:57:00 +0000",
                    "requestTimeEpoch": 1_795_402_620_250_i64,
                    "identity": {"sourceIp": "127.0.0.1", "userAgent": "curl"},
                },
                "body": "{\"name\":\"Chaï\"}",
                "isBase64Encoded": false,
            })
        );
    }

    #[test]
    fn event_of_bytes_is_base64_and_of_an_absent_query_null() {
        let event = event(Request::put("/x").body(b"\xff\x00".as_slice()).unwrap());
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("/wA="), &json!(true)));
        assert_eq!(event["queryStringParameters"], Value::Null);
        assert_eq!(self::event(Request::get("/x").body(b"".as_slice()).unwrap())["body"], Value::Null);
    }

    #[test]
    fn answer_with_repeated_headers_keeps_each_value() {
        let answer = http_response(&json!({
            "statusCode": 201,
            "headers": {"Set-Cookie": "lost=1", "etag": "\"1\""},
            "multiValueHeaders": {"set-cookie": ["a=1", "b=2"], "content-length": ["99"]},
            "body": "/wA=",
            "isBase64Encoded": true,
        }))
        .unwrap();

        assert_eq!((answer.status().as_u16(), &answer.body()[..]), (201, b"\xff\x00".as_slice()));
        assert_eq!(answer.headers().get_all("set-cookie").iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
        assert_eq!(answer.headers()["etag"], "\"1\"");
        assert!(!answer.headers().contains_key("content-length"));
    }

    #[test]
    fn answer_that_is_malformed_is_refused() {
        let malformed = [
            json!({"body": "x"}),
            json!({"statusCode": 42}),
            json!({"statusCode": 200, "headers": {"a b": "c"}}),
            json!({"statusCode": 200, "body": {"not": "text"}}),
            json!({"statusCode": 200, "body": "%", "isBase64Encoded": true}),
        ];
        for answer in malformed {
            assert!(http_response(&answer).is_err(), "{answer}");
        }
    }
}
