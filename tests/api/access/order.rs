//! The order of refusals: route, caller, tenant, role, then the request's content. A refused body or an unknown id
//! reveals nothing that the caller's role does not show.

use std::collections::BTreeMap;

use http::Method;
use stockroom_api::Access;
use stockroom_harness::{Client, Request, Stack};

use super::{
    operations::{Sample, name, operations, permitted_operations, samples},
    world::{Caller, Standing, World},
};

/// An error of a request, and its answer for callers with permission.
type Fault = (&'static str, fn(Request) -> Request, (u16, &'static str));

const BODY: [Fault; 5] = [
    ("broken JSON", |request| request.raw_body("{\"sku\": ", "application/json"), (400, "malformed_json")),
    ("another type", |request| request.raw_body("sku=1", "text/plain"), (415, "unsupported_media_type")),
    ("no type", |request| request.raw_body("{}", None), (415, "unsupported_media_type")),
    (
        "over 1 MiB",
        |request| request.raw_body(vec![b' '; 1024 * 1024 + 1], "application/json"),
        (413, "body_too_large"),
    ),
    ("an unknown member", |request| request.with("nonsense", 1), (422, "validation_failed")),
];
const PARAMETER: Fault =
    ("an unknown parameter", |request| request.query(&[("nonsense", "1")]), (422, "validation_failed"));
const VERSION: Fault =
    ("two versions", |request| request.header("if-match", "\"1\", \"2\""), (422, "validation_failed"));
const KEY: Fault =
    ("a bad idempotency key", |request| request.header("idempotency-key", "a b"), (422, "validation_failed"));

fn faults(method: &Method, sample: &Sample) -> Vec<Fault> {
    let body = if sample.body.is_some() { BODY.to_vec() } else { Vec::new() };
    let header = match method.as_str() {
        "POST" => Some(KEY),
        "PUT" | "PATCH" | "DELETE" => Some(VERSION),
        _ => None,
    };
    body.into_iter().chain([PARAMETER]).chain(header).collect()
}

/// The refusal of a caller of this standing before the request's content is read.
fn refusal(access: Access, caller: &Caller) -> Option<(u16, &'static str)> {
    match (caller.standing, access) {
        (Standing::Unknown, _) => Some((401, "unauthenticated")),
        // The samples name other users.
        (Standing::Member(role), Access::Permitted(permission) | Access::SelfOr(permission))
            if !role.may(permission) =>
        {
            Some((403, "forbidden"))
        }
        (Standing::Member(_) | Standing::Outsider, _) => None,
    }
}

/// One caller of each standing in an organization.
async fn some(world: &mut World) -> Vec<Caller> {
    let nobody = [world.anonymous(), world.disabled().await];
    nobody.into_iter().chain(world.members()).collect()
}

#[tokio::test]
async fn invalid_request_without_permission_is_refused_for_the_caller() {
    let mut world = World::new().await;
    let callers = some(&mut world).await;
    let mut refused = BTreeMap::new();
    for route in permitted_operations() {
        for caller in &callers {
            let sample = samples(&route, caller).swap_remove(0);
            for (what, spoil, otherwise) in faults(&route.method, &sample) {
                let reply = spoil(sample.by(&caller.client)).await;
                let expected = refusal(route.access, caller).unwrap_or(otherwise);
                let got = (reply.status(), reply.code());
                assert_eq!((got.0, got.1.as_str()), expected, "{} by {} with {what}", name(&route), caller.name);
                *refused.entry(expected.0).or_insert(0) += 1;
            }
        }
    }
    let seen: Vec<_> = refused.keys().copied().collect();
    assert_eq!(seen, [400, 401, 403, 413, 415, 422], "{refused:?}");
}

#[tokio::test]
async fn request_for_an_unknown_id_without_permission_is_forbidden() {
    let mut world = World::new().await;
    let callers = some(&mut world).await;
    for route in permitted_operations().filter(|route| route.path.contains("{id}")) {
        for caller in &callers {
            let strangers = caller.asking_for(world.ours.that_never_were());
            let sample = samples(&route, &strangers).swap_remove(0);
            let Some((status, code)) = refusal(route.access, caller) else { continue };
            let reply = sample.by(&caller.client).await;
            assert_eq!((reply.status(), reply.code().as_str()), (status, code), "{} by {}", name(&route), caller.name);
        }
    }
}

#[tokio::test]
async fn request_without_a_token_to_an_unknown_route_or_method_is_404_or_405() {
    let stack = Stack::start().await;
    let stranger = Client::of(&stack);
    let mut methods: BTreeMap<&str, Vec<Method>> = BTreeMap::new();
    for route in operations() {
        methods.entry(route.path).or_default().push(route.method);
    }
    for (template, known) in &methods {
        let path = template.replace("{id}", "01234567-89ab-7cde-8f01-23456789abcd");
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            if known.contains(&method) {
                continue;
            }
            let reply = stranger.request(method.clone(), &path).await;
            assert_eq!((reply.status(), reply.code().as_str()), (405, "method_not_allowed"), "{method} {template}");
            let mut allowed: Vec<_> = reply.header("allow").unwrap().split(',').map(str::trim).collect();
            allowed.retain(|method| !["HEAD", "OPTIONS"].contains(method));
            allowed.sort_unstable();
            let mut expected: Vec<_> = known.iter().map(Method::as_str).collect();
            expected.sort_unstable();
            assert_eq!(allowed, expected, "{method} {template}");
        }
        for unknown in [format!("{path}/nothing/at-all"), format!("{path}/"), format!("/nothing{path}")] {
            let reply = stranger.get(&unknown).await;
            assert_eq!((reply.status(), reply.code().as_str()), (404, "not_found"), "{unknown}");
        }
    }
}

#[tokio::test]
async fn request_with_an_ended_session_gets_the_same_answer_for_every_tenant() {
    let mut world = World::new().await;
    for caller in world.every_caller().await.iter().filter(|caller| caller.standing == Standing::Unknown) {
        let another = caller.client.with_tenant("globex").get("/api/v1/products").await;
        let none = caller.client.with_tenant("nobody-there").get("/api/v1/products").await;
        let two = caller.client.with_tenant("globex").get("/api/v1/products").header("host", "acme.example.com").await;
        for reply in [another, none, two] {
            assert_eq!((reply.status(), reply.code().as_str()), (401, "unauthenticated"), "{}", caller.name);
        }
    }
}

#[tokio::test]
async fn head_requires_the_same_permission_as_get() {
    let mut world = World::new().await;
    let callers = some(&mut world).await;
    for route in permitted_operations().filter(|route| route.method == Method::GET) {
        for caller in &callers {
            let sample = samples(&route, caller).swap_remove(0);
            let get = sample.by(&caller.client).await;
            let path = get_path(&sample);
            let head = caller.client.request(Method::HEAD, path).await;
            assert_eq!(head.status(), get.status(), "{} by {}", name(&route), caller.name);
            assert!(head.bytes().is_empty());
        }
    }
}

fn get_path(sample: &Sample) -> &str {
    assert_eq!((sample.query.len(), &sample.body), (0, &None));
    &sample.path
}
