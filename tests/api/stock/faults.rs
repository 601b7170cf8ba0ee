//! Faults between a function and its table: a write has one effect, or none and the advice to retry.

use serde_json::{Value, json};
use stockroom_harness::{Fault, PASSWORD, Person, Reply, Request, Shop, at_once};

use super::{
    levels::{on_hand, replay},
    support::{count, entries_of, walk},
};

const REQUESTS: &str = "/api/v1/purchase-requests";

const OPERATIONS: [&str; 5] = ["BatchGetItem", "Query", "TransactGetItems", "TransactWriteItems", "UpdateItem"];

/// A write, with its status and number of log entries if it takes effect once.
struct Write {
    name: &'static str,
    request: Request,
    status: u16,
    entries: usize,
}

/// One write of each kind, each on its own resources. None has an idempotency key.
async fn writes(shop: &Shop, number: usize) -> Vec<Write> {
    let product = |name: &str| shop.product(&format!("{name}-{number}"));
    let (patched, replaced, deleted, empty) =
        (product("PATCHED").await, product("REPLACED").await, product("DELETED").await, product("EMPTY").await);
    let (stocked, main) = (product("STOCKED").await, shop.warehouse("Main").await);
    let (annex, closed) = (shop.warehouse("Annex").await, shop.warehouse("Closed").await);
    for (product, place, quantity) in
        [(&patched, &main, 5), (&empty, &main, 0), (&empty, &closed, 0), (&stocked, &main, 50)]
    {
        shop.staff().record("COUNT", product, place, quantity).await.expect(201);
    }
    let supplier = shop.supplier("Supplier").await;
    let draft = shop.request(&stocked, 1, "DRAFT").await;
    let ordered = shop.request(&stocked, 1, "ORDERED").await;
    let at = |kind: &str, id: &str| format!("/api/v1/{kind}/{id}");
    let email = format!("new-{number}@acme.example");
    let user = json!({"email": email, "full_name": "New", "role": "STAFF", "password": PASSWORD});
    let admin = json!({"email": email, "full_name": "New", "password": PASSWORD});
    let organization = json!({"name": "New", "subdomain": format!("new-{number}"), "admin": admin});
    let write = |name, request, status, entries| Write { name, request, status, entries };
    vec![
        write("create", product("CREATED").request(), 201, 1),
        write("patch", shop.manager().patch(at("products", &patched), json!({"min_stock_level": 9})), 200, 1),
        write("replace", shop.manager().put(at("products", &replaced), json!({"sku": email, "name": "New"})), 200, 1),
        write("delete", shop.admin().delete(at("products", &deleted)), 204, 1),
        write("delete what was in stock", shop.admin().delete(at("products", &empty)), 204, 1),
        write("delete a warehouse", shop.admin().delete(at("warehouses", &closed)), 204, 1),
        write("rename a supplier", shop.manager().patch(at("suppliers", &supplier), json!({"name": "New"})), 200, 1),
        write("receive", shop.receive(&stocked, &main, 1), 201, 1),
        write("take", shop.take(&stocked, &main, 1), 201, 1),
        write("begin a level", shop.receive(&replaced, &main, 1), 201, 1),
        write("transfer", shop.staff().transfer(&stocked, &main, &annex, 1), 201, 2),
        write("count", shop.staff().record("COUNT", &patched, &annex, 3), 201, 1),
        write(
            "ask to buy",
            shop.staff().post(REQUESTS, json!({"items": [{"product_id": patched, "quantity": 1}]})),
            201,
            1,
        ),
        write("submit", shop.step(&draft.id, "submit"), 200, 1),
        write("receive an order", shop.arrive(&ordered, &annex, 1), 200, 2),
        write("hire", shop.admin().post("/api/v1/users", user), 201, 1),
        write("sign up", shop.anonymous().without_tenant().post("/api/v1/organizations", organization), 201, 3),
        write("log in", shop.anonymous().log_in(&shop.staff().email, PASSWORD), 200, 1),
    ]
}

#[tokio::test]
async fn writes_with_any_single_fault_have_one_effect() {
    let shop = Shop::with_faults().await;
    for (number, fault) in Fault::QUICK.into_iter().enumerate() {
        for Write { name, request, status, entries } in writes(&shop, number).await {
            for operation in OPERATIONS {
                shop.faults().next(fault, operation, 1);
            }
            let reply = request.await;
            shop.faults().end();
            assert_eq!(reply.status(), status, "{name} with {fault:?}: {}", String::from_utf8_lossy(reply.bytes()));
            assert_eq!(entries_of(shop.stack(), &reply).len(), entries, "{name} with {fault:?}");
        }
        shop.stack().check_invariants();
    }
    assert!(shop.faults().happened() > 2 * 8 * 15);
}

#[tokio::test]
async fn writes_with_a_lost_reply_and_another_fault_have_one_effect() {
    let shop = Shop::with_faults().await;
    let then = [Fault::Throttle, Fault::Conflict, Fault::InProgress, Fault::RefuseBefore, Fault::LoseCall];
    let lost = [Fault::LoseReply, Fault::RefuseAfter];
    for (number, (then, lost)) in then.into_iter().zip(lost.into_iter().cycle()).enumerate() {
        for Write { name, request, status, entries } in writes(&shop, number).await {
            for operation in ["TransactWriteItems", "UpdateItem"] {
                shop.faults().next(lost, operation, 1);
                shop.faults().next(then, operation, 1);
            }
            let reply = request.await;
            shop.faults().end();
            let answers = String::from_utf8_lossy(reply.bytes());
            assert_eq!(reply.status(), status, "{name} with {lost:?} and {then:?}: {answers}");
            assert_eq!(entries_of(shop.stack(), &reply).len(), entries, "{name} with {lost:?} and {then:?}");
        }
        shop.stack().check_invariants();
    }
}

fn sessions(shop: &Shop, person: &Person) -> Value {
    let is_person = |item: &Value| item["sk"] == person.id && item["sessions"].is_object();
    shop.stack().items().into_iter().find(is_person).unwrap()["sessions"].take()
}

fn refresh(shop: &Shop, token: &str) -> Request {
    shop.anonymous().post("/api/v1/auth/refresh", json!({"refresh_token": token}))
}

#[tokio::test]
async fn refresh_and_logout_with_any_fault_have_one_effect() {
    let shop = Shop::with_faults().await;
    let clerk = shop.hire("clerk", "STAFF").await;
    let mut token = clerk.refresh_token.clone();
    for (generation, fault) in (2..).zip(Fault::QUICK) {
        for operation in OPERATIONS {
            shop.faults().next(fault, operation, 1);
        }
        let refreshed = refresh(&shop, &token).await.expect(200).json();
        shop.faults().end();
        token = refreshed["refresh_token"].as_str().unwrap().to_owned();
        let sessions = sessions(&shop, &clerk);
        let session = sessions.as_object().unwrap().values().next().unwrap();
        assert_eq!(session["generation"], generation, "{fault:?} moves a session on by one");
    }

    for fault in Fault::QUICK {
        let session = shop.sign_in(&clerk).await;
        for operation in OPERATIONS {
            shop.faults().next(fault, operation, 1);
        }
        let reply = session.post("/api/v1/auth/logout", json!({})).await;
        shop.faults().end();
        assert_eq!(reply.status(), 204, "{fault:?}");
        assert_eq!(entries_of(shop.stack(), &reply).len(), 1, "{fault:?}");
        session.get("/api/v1/users/me").await.expect(401);
        refresh(&shop, &session.refresh_token).await.expect(401);
    }
    assert_eq!(sessions(&shop, &clerk).as_object().unwrap().len(), 1, "the first session is untouched");
    shop.stack().check_invariants();
}

#[track_caller]
fn is_unavailable(reply: &Reply) {
    assert_eq!((reply.status(), reply.code().as_str()), (503, "unavailable"));
    assert_eq!(reply.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn requests_to_a_throttled_or_failing_table_are_unavailable_and_change_nothing() {
    let (throttled, failing) = (Shop::with_faults().await, Shop::with_faults().await);
    let mut requests = Vec::new();
    for shop in [&throttled, &failing] {
        let (product, main) = shop.stocked("SKU-1", 10).await;
        requests.extend([
            shop.take(&product, &main, 1),
            shop.staff().get("/api/v1/stock-levels"),
            shop.product("SKU-2").request(),
            shop.admin().delete(format!("/api/v1/warehouses/{main}")),
            shop.anonymous().log_in(&shop.staff().email, PASSWORD),
            refresh(shop, &shop.staff().refresh_token),
        ]);
    }
    let before = [&throttled, &failing].map(|shop| shop.stack().items());
    throttled.faults().always(Fault::Throttle);
    failing.faults().always(Fault::RefuseBefore);
    for reply in at_once(requests.clone()).await {
        is_unavailable(&reply);
    }
    assert_eq!([&throttled, &failing].map(|shop| shop.stack().items()), before);

    throttled.faults().end();
    failing.faults().end();
    let mut statuses = Vec::new();
    for request in requests {
        statuses.push(request.await.status());
    }
    assert_eq!(statuses, [[201, 200, 201, 409, 200, 200]; 2].concat());
    throttled.stack().check_invariants();
    failing.stack().check_invariants();
}

#[tokio::test]
async fn movements_during_brief_throttling_succeed() {
    let shop = Shop::with_faults().await;
    let (product, main) = shop.stocked("SKU-1", 10).await;
    shop.faults().throttle(12);
    let replies = at_once((0..4).map(|_| shop.take(&product, &main, 1))).await;
    assert_eq!(count(&replies, [201]), [4]);
    assert_eq!(shop.faults().happened(), 12);
    assert_eq!(shop.on_hand(&product, &main).await, "6");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn movements_under_many_conflicts_succeed() {
    let shop = Shop::with_faults().await;
    let (product, main) = shop.stocked("SKU-1", 100).await;
    shop.faults().storm(60, &[Fault::Conflict]);
    for _ in 0..5 {
        let replies = at_once((0..8).map(|_| shop.take(&product, &main, 1))).await;
        assert_eq!(count(&replies, [201]), [8]);
    }
    shop.faults().end();
    assert!(shop.faults().happened() > 40);
    assert_eq!(shop.on_hand(&product, &main).await, "60");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn movements_with_an_answer_that_never_comes_have_one_effect() {
    let shop = Shop::with_faults().await;
    let (product, main) = shop.stocked("SKU-1", 10).await;
    let annex = shop.warehouse("Annex").await;
    shop.faults().next(Fault::Silence, "TransactWriteItems", 3);
    let requests = [
        shop.take(&product, &main, 1),
        shop.staff().transfer(&product, &main, &annex, 2),
        shop.product("SKU-2").request(),
    ];
    for (reply, entries) in at_once(requests).await.into_iter().zip([1, 2, 1]) {
        let reply = reply.expect(201);
        assert_eq!(entries_of(shop.stack(), &reply).len(), entries);
    }
    assert_eq!(shop.faults().happened(), 3);
    assert_eq!(shop.on_hand(&product, &main).await, "7");
    shop.stack().check_invariants();
}

/// Sends a request and repeats it after 503, like a correct client.
async fn insist(request: Request) -> Reply {
    for _ in 0..10 {
        let reply = request.clone().await;
        if reply.status() != 503 {
            return reply;
        }
        is_unavailable(&reply);
    }
    panic!("the service does not recover");
}

const WRITERS: usize = 8;
const MOVEMENTS: usize = 40;

/// The movements of one writer, by a pattern with every type in every place.
fn round_of(shop: &Shop, writer: usize, products: &[String], places: &[String]) -> Vec<(String, Request)> {
    let movement = |number: usize| {
        let (product, place) = (&products[(number / 2) % products.len()], &places[(writer + number) % places.len()]);
        let request = match (writer + number * 3) % 7 {
            0 | 1 => shop.receive(product, place, 5),
            2 | 3 => shop.take(product, place, 6),
            4 => shop.staff().record("ADJUSTMENT", product, place, -3),
            5 => shop.staff().record("COUNT", product, place, 20),
            _ => shop.staff().transfer(product, place, &places[(writer + number + 1) % places.len()], 4),
        };
        let key = format!("writer-{writer}-{number}");
        (key.clone(), request.with("reference", key.as_str()).key(&key))
    };
    (0..MOVEMENTS).map(movement).collect()
}

#[tokio::test]
async fn movements_under_every_fault_keep_every_invariant() {
    let shop = Shop::with_faults().await;
    let (mut products, mut places) = (Vec::new(), Vec::new());
    for number in 0..3 {
        products.push(shop.product(&format!("SKU-{number}")).await);
        places.push(shop.warehouse(&format!("Warehouse {number}")).await);
    }
    shop.faults().storm(20, &Fault::QUICK);
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let movements = round_of(&shop.at(&shop.stack().another_process()), writer, &products, &places);
            tokio::spawn(async move {
                let mut answers = Vec::new();
                for (key, request) in movements {
                    answers.push((key, request.clone(), insist(request).await));
                }
                answers
            })
        })
        .collect();
    // Meanwhile the catalogue changes.
    for number in 0..12 {
        let path = format!("/api/v1/products/{}", products[number % 3]);
        insist(shop.manager().patch(path, json!({"min_stock_level": number}))).await.expect(200);
        let passing = insist(shop.product(&format!("PASSING-{number}")).request().key(&format!("passing-{number}")));
        let path = format!("/api/v1/products/{}", passing.await.expect(201).id());
        let gone = insist(shop.admin().delete(path)).await.status();
        assert!(matches!(gone, 204 | 404), "a deletion whose answer was lost has happened");
    }
    let mut answers = Vec::new();
    for writer in writers {
        answers.extend(writer.await.unwrap());
    }
    shop.faults().end();
    assert!(shop.faults().happened() > 100, "{}", shop.faults().happened());

    shop.stack().check_invariants();
    assert!(shop.stack().items().iter().all(|item| item["spreading"].is_null() && item["closing"].is_null()));
    let ledger = walk(shop.staff().get("/api/v1/stock-movements").query(&[("order", "asc")]), 100).await;
    let levels = walk(shop.staff().get("/api/v1/stock-levels"), 100).await;
    let end_of_time = "2199-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(replay(&ledger, end_of_time), on_hand(&levels));
    let mut recorded = 0;
    for (key, request, reply) in answers {
        let lines = ledger.iter().filter(|line| line["reference"] == key.as_str()).count();
        if reply.status() == 409 {
            assert_eq!((reply.code().as_str(), lines), ("insufficient_stock", 0), "{key}");
            continue;
        }
        let expected = if reply.clone().expect(201).json()["counterpart"].is_object() { 2 } else { 1 };
        assert_eq!(lines, expected, "{key}");
        recorded += lines;
        let again = request.await.expect(201);
        assert_eq!(again.bytes(), reply.bytes(), "{key}");
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
    }
    assert_eq!(recorded, ledger.len());
}
