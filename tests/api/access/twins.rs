//! Two organizations with the same data under the same names in one table. Neither sees or changes the other's data.

use std::collections::BTreeSet;

use http::HeaderMap;
use serde_json::{Value, json};
use stockroom_api::Route;
use stockroom_domain::access::Role;
use stockroom_harness::{Client, PASSWORD, Reply, Request, Shop};

use super::{
    operations::{Sample, api_operations, name, permitted_operations, samples},
    world::{Caller, EVERYWHERE, Standing, Things, World, password_at},
};

/// The names of all ids in bodies and queries of the contract.
const ID_NAMES: [&str; 15] = [
    "id",
    "org_id",
    "user_id",
    "session_id",
    "product_id",
    "supplier_id",
    "warehouse_id",
    "to_warehouse_id",
    "transfer_id",
    "purchase_request_id",
    "item_id",
    "entity_id",
    "actor_id",
    "created_by",
    "after",
];

/// The parts of an answer that may differ, without the members that name the request: headers, body, and cost.
#[derive(Debug, PartialEq)]
struct Outcome {
    status: u16,
    headers: HeaderMap,
    body: Value,
    /// The cost of parallel reads that a refusal cuts short varies; round trips do not.
    round_trips: usize,
    written_halves: u64,
}

impl From<&Reply> for Outcome {
    fn from(reply: &Reply) -> Self {
        let mut headers = reply.headers().clone();
        headers.remove("x-request-id");
        let mut body = if reply.bytes().is_empty() { Value::Null } else { reply.json() };
        if let Some(members) = body.as_object_mut().filter(|_| reply.status() >= 400) {
            members.remove("request_id");
            members.remove("instance");
        }
        let cost = reply.cost();
        let (round_trips, written_halves) = (cost.round_trips, cost.write_halves);
        Self { status: reply.status(), headers, body, round_trips, written_halves }
    }
}

/// The operation's samples for a caller with the other organization's ids, in each place in turn and in all at once.
/// Each has a copy with ids that never existed.
fn with_foreign_ids(route: &Route, caller: &Caller, others: &Things) -> Vec<(Sample, Sample)> {
    let (own, ours) = (samples(route, caller), &caller.things);
    let never = others.that_never_were();
    let everything = ours.names().collect();
    let places = ours.names().map(|name| vec![name]).chain([everything]);
    let asking = |others: &Things, places: &[&'static str]| {
        let things = places.iter().fold(ours.clone(), |things, name| things.with(name, &others[name]));
        samples(route, &caller.asking_for(things))
    };
    let pairs = places.flat_map(|places| asking(others, &places).into_iter().zip(asking(&never, &places)));
    pairs.filter(|(theirs, _)| !own.contains(theirs)).collect()
}

#[tokio::test]
async fn request_with_a_foreign_id_equals_one_with_an_unknown_id() {
    let world = World::new().await;
    let [staff, _, admin] = world.members();
    let in_a_version = |request: Request| request.header("if-match", "\"99\"").header("if-none-match", "*");
    for (route, caller) in api_operations().flat_map(|route| [(route.clone(), &staff), (route, &admin)]) {
        let pairs = with_foreign_ids(&route, caller, &world.theirs);
        assert!(!pairs.is_empty() || !route.path.contains("{id}"), "no foreign id is tried in {}", name(&route));
        for (theirs, unknown) in pairs {
            for ask in [|request| request, in_a_version] {
                let of_theirs = ask(theirs.by(&caller.client)).await;
                let of_unknown = ask(unknown.by(&caller.client)).await;
                let what = format!("{} by {}: {theirs:?}", name(&route), caller.name);
                assert_eq!(Outcome::from(&of_theirs), Outcome::from(&of_unknown), "{what}");
                let mentioned = world.theirs.mentioned_in(of_theirs.bytes());
                assert_eq!(mentioned, in_instance(&of_theirs, &world.theirs), "{what}");
            }
        }
        assert_eq!(world.trespasses(), [""; 0], "{}", name(&route));
    }
}

/// The ids that a problem mentions only as part of the request's path.
fn in_instance(reply: &Reply, things: &Things) -> Vec<&'static str> {
    if reply.status() < 400 {
        return Vec::new();
    }
    things.mentioned_in(reply.json()["instance"].to_string().as_bytes())
}

#[tokio::test]
async fn every_operation_leaves_the_other_organization_unchanged() {
    let world = World::new().await;
    let admin = world.admin();
    for route in api_operations() {
        for sample in samples(&route, &admin) {
            let reply = sample.by(&admin.client).await;
            let what = format!("{}: {sample:?}", name(&route));
            assert!(matches!(reply.status(), 200..300 | 409), "{what}: {}", reply.status());
            assert_eq!(world.trespasses(), [""; 0], "{what}");
            assert_eq!(world.theirs.mentioned_in(reply.bytes()), [""; 0], "{what}");
            world.put_back();
        }
    }
}

#[tokio::test]
async fn every_parameter_and_member_with_an_id_has_a_sample() {
    let world = World::new().await;
    let admin = world.admin();
    let id = &world.ours.that_never_were()["product"];
    for route in api_operations() {
        let samples = samples(&route, &admin);

        // A parameter is either refused by its name or known here.
        let tried = |name: &str| samples.iter().any(|sample| sample.query.iter().any(|(known, _)| *known == name));
        let mut asked: Vec<_> = ID_NAMES.into_iter().filter(|name| !tried(name)).collect();
        while !asked.is_empty() {
            let query: Vec<_> = asked.iter().map(|name| (*name, id.as_str())).collect();
            let reply = samples[0].by(&admin.client).query(&query).await;
            let before = asked.len();
            let faults = if reply.status() == 422 { reply.faults() } else { Vec::new() };
            asked.retain(|name| !faults.contains(&format!("{name} unknown_parameter")));
            assert!(asked.len() < before, "{} takes one of {asked:?}: {}", name(&route), reply.status());
        }

        for sample in &samples {
            let Some(body) = &sample.body else { continue };
            for pointer in objects(body) {
                let mut body = body.clone();
                let members = body.pointer_mut(&pointer).unwrap();
                let added: Vec<_> = ID_NAMES.into_iter().filter(|name| members.get(name).is_none()).collect();
                for name in &added {
                    members[name] = json!(id);
                }
                let faults = sample.body(body).by(&admin.client).await.expect(422).faults();
                for name_of_id in added {
                    let fault = format!("{pointer}/{name_of_id} unknown_member");
                    let is_tried = samples.iter().any(|sample| has(sample, &pointer, name_of_id));
                    assert!(is_tried || faults.contains(&fault), "{} takes {pointer}/{name_of_id}", name(&route));
                }
            }
        }
    }
}

fn has(sample: &Sample, pointer: &str, member: &str) -> bool {
    sample.body.as_ref().and_then(|body| body.pointer(&format!("{pointer}/{member}"))).is_some()
}

/// The pointers of all objects in a value.
fn objects(value: &Value) -> Vec<String> {
    let within = |step: String, value: &Value| -> Vec<String> {
        objects(value).into_iter().map(|rest| format!("/{step}{rest}")).collect()
    };
    match value {
        Value::Object(members) => {
            let inner = members.iter().flat_map(|(name, value)| within(name.clone(), value));
            [String::new()].into_iter().chain(inner).collect()
        }
        Value::Array(elements) => {
            elements.iter().enumerate().flat_map(|(index, value)| within(index.to_string(), value)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

#[tokio::test]
async fn list_with_the_cursor_of_another_caller_or_list_is_invalid_cursor() {
    let world = World::new().await;
    let admin = world.admin();
    let second = world.acme.hire("second", "ADMIN").await;
    let colleague = Caller::new("second admin", Standing::Member(Role::Admin), &second, &world.ours);
    let outsider = Caller::new("other", Standing::Outsider, world.globex.admin(), &world.theirs);
    let page = |sample: &Sample, caller: &Caller| sample.by(&caller.client).query(&[("limit", "1")]);

    let mut lists = Vec::new();
    let mut single = BTreeSet::new();
    for route in permitted_operations().filter(|route| route.method == "GET") {
        let sample = samples(&route, &admin).swap_remove(0);
        let reply = page(&sample, &admin).await;
        let Some(items) = reply.json()["items"].as_array().cloned() else { continue };
        assert_eq!(items.len(), 1, "{}", name(&route));
        match reply.json()["next_cursor"].as_str() {
            Some(cursor) => lists.push((name(&route), sample, cursor.to_owned())),
            None => _ = single.insert(name(&route)),
        }
    }
    let alone = ["GET /api/v1/organizations", "GET /api/v1/users/me/sessions"].map(str::to_owned);
    assert_eq!(single, BTreeSet::from(alone), "all other lists have a second page");

    for (index, (list, sample, own)) in lists.iter().enumerate() {
        let cursor_of =
            async |caller: &Caller| page(sample, caller).await.json()["next_cursor"].as_str().unwrap().to_owned();
        let (elsewhere, _, of_another_list) = &lists[(index + 1) % lists.len()];
        assert_ne!(list, elsewhere);
        page(sample, &admin).query(&[("cursor", own)]).await.expect(200);

        let nonsense = page(sample, &admin).query(&[("cursor", &changed(own))]).await;
        assert_eq!((nonsense.status(), nonsense.code().as_str()), (400, "invalid_cursor"), "{list}");
        let (theirs, colleagues) = (cursor_of(&outsider).await, cursor_of(&colleague).await);
        let foreign = [
            ("of another organization", page(sample, &admin).query(&[("cursor", &theirs)])),
            ("of another user", page(sample, &admin).query(&[("cursor", &colleagues)])),
            ("of another list", page(sample, &admin).query(&[("cursor", of_another_list)])),
            ("of another order", page(sample, &admin).query(&[("cursor", own), ("order", "asc")])),
        ];
        for (which, request) in foreign {
            assert_eq!(Outcome::from(&request.await), Outcome::from(&nonsense), "{list} with a cursor {which}");
        }
    }
}

/// A cursor with one character changed.
fn changed(cursor: &str) -> String {
    let (start, end) = cursor.split_at(cursor.len() / 2);
    let swapped = if end.starts_with('A') { 'B' } else { 'A' };
    format!("{start}{swapped}{}", &end[1..])
}

#[tokio::test]
async fn list_with_the_cursor_of_another_filter_is_invalid_cursor() {
    let world = World::new().await;
    let admin = world.admin();
    let list =
        |query: &[(&str, &str)]| admin.client.get("/api/v1/stock-movements").query(&[("limit", "1")]).query(query);
    let (product, warehouse) = (world.ours["product"].as_str(), world.ours["warehouse"].as_str());
    let first = list(&[("product_id", product)]).await.json();
    let cursor = first["next_cursor"].as_str().unwrap();

    list(&[("product_id", product), ("cursor", cursor)]).await.expect(200);
    for other in [
        vec![],
        vec![("product_id", world.ours["unstocked"].as_str())],
        vec![("product_id", world.theirs["product"].as_str())],
        vec![("product_id", product), ("warehouse_id", warehouse)],
    ] {
        let reply = list(&other).query(&[("cursor", cursor)]).await.expect(400);
        assert_eq!(reply.code(), "invalid_cursor", "{other:?}");
    }
}

#[tokio::test]
async fn request_naming_another_tenant_is_tenant_mismatch_before_other_checks() {
    let world = World::new().await;
    for route in permitted_operations() {
        for caller in world.members() {
            let sample = samples(&route, &caller).swap_remove(0);
            let request = |client: &Client| sample.by(client);
            let named = |tenant: &str| request(&caller.client.with_tenant(tenant));
            let refused = named("globex").await;
            let what = format!("{} by {}", name(&route), caller.name);
            assert_eq!((refused.status(), refused.code().as_str()), (403, "tenant_mismatch"), "{what}");

            let in_host = request(&caller.client).header("host", "globex.example.com");
            for (which, other) in [("in the host", in_host), ("that does not exist", named("nobody-there"))] {
                assert_eq!(Outcome::from(&other.await), Outcome::from(&refused), "{what} with a tenant {which}");
            }
            let with_more = [
                ("an unknown parameter", named("globex").query(&[("nonsense", "1")])),
                ("broken JSON", named("globex").raw_body("{", "application/json")),
            ];
            for (more, request) in with_more {
                let reply = request.await;
                assert_eq!((reply.status(), reply.code()), (refused.status(), refused.code()), "{what} with {more}");
            }
            let without = request(&caller.client).await.status();
            world.put_back();
            let in_host = request(&caller.client).header("host", "acme.example.com:443");
            for own in [named("acme"), named("ACME"), in_host] {
                assert_eq!(own.await.status(), without, "{what}");
                world.put_back();
            }
        }
    }
}

#[tokio::test]
async fn refresh_and_logout_in_another_tenant_are_tenant_mismatch() {
    let world = World::new().await;
    let staff = world.acme.staff();
    let tokens = json!({"refresh_token": staff.refresh_token});
    for operation in ["refresh", "logout"] {
        let path = format!("/api/v1/auth/{operation}");
        let reply = world.globex.anonymous().post(path, tokens.clone()).await;
        assert_eq!((reply.status(), reply.code().as_str()), (403, "tenant_mismatch"), "{operation}");
    }
    staff.get("/api/v1/users/me").await.expect(200);
    world.acme.anonymous().post("/api/v1/auth/refresh", tokens).await.expect(200);
}

#[tokio::test]
async fn login_with_an_address_of_two_tenants_opens_the_named_tenants_account() {
    let world = World::new().await;
    let log_in = |at: &Shop, password: &str| at.anonymous().log_in(EVERYWHERE, password);
    let (at_acme, at_globex) = (password_at(&world.acme), password_at(&world.globex));

    let ours = log_in(&world.acme, &at_acme).await.expect(200).json();
    let theirs = log_in(&world.globex, &at_globex).await.expect(200).json();
    let me = async |tokens: &Value| {
        let client = Client::of(&world.stack).with_token(tokens["access_token"].as_str().unwrap());
        client.get("/api/v1/users/me").await.expect(200).json()
    };
    assert_eq!(
        (&me(&ours).await["id"], &me(&theirs).await["id"]),
        (&json!(world.ours["user"]), &json!(world.theirs["user"]))
    );

    // The other's password is a wrong one, and its tenant does not exist.
    let wrong = Outcome::from(&log_in(&world.globex, PASSWORD).await.expect(401));
    assert_eq!(Outcome::from(&log_in(&world.globex, &at_acme).await), wrong);
    let nowhere = world.globex.anonymous().with_tenant("nobody-there");
    let nowhere = Outcome::from(&nowhere.log_in(EVERYWHERE, &at_acme).await);
    assert_eq!((nowhere.status, &nowhere.headers, &nowhere.body), (wrong.status, &wrong.headers, &wrong.body));
}

#[tokio::test]
async fn replay_of_an_idempotency_key_belongs_to_one_caller() {
    let world = World::new().await;
    let [staff, _, admin] = world.members();
    let theirs = Caller::new("other", Standing::Outsider, world.globex.admin(), &world.theirs);
    let is_replayed = |reply: &Reply| reply.header("idempotency-replayed").is_some();
    for route in permitted_operations().filter(|route| route.method == "POST") {
        let send = async |caller: &Caller| samples(&route, caller).swap_remove(0).by(&caller.client).key("k1").await;
        let first = send(&admin).await;
        assert!(matches!(first.status(), 200..300) && !is_replayed(&first), "{}", name(&route));
        let again = send(&admin).await;
        assert!(is_replayed(&again) && again.bytes() == first.bytes(), "{}", name(&route));

        let elsewhere = send(&theirs).await;
        assert!(matches!(elsewhere.status(), 200..300) && !is_replayed(&elsewhere), "{}", name(&route));
        assert_eq!(world.ours.mentioned_in(elsewhere.bytes()), [""; 0], "{}", name(&route));
        assert!(!is_replayed(&send(&staff).await), "{}", name(&route));
        world.put_back();
    }
}
