//! The transitions of a request from draft to decision, and their permissions.

use serde_json::{Value, json};
use stockroom_harness::{Shop, Stack};

use super::REQUESTS;

async fn shop() -> (Shop, String) {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let product = shop.product("SKU-1").await;
    (shop, product)
}

#[tokio::test]
async fn get_of_a_request_shows_every_transition() {
    let (shop, product) = shop().await;
    let (main, supplier) = (shop.warehouse("Main").await, shop.supplier("Nuts").await);
    let line = json!({
        "product_id": product, "quantity": 12, "estimated_price": "2.5",
        "supplier_id": supplier, "warehouse_id": main,
    });
    let made = shop.staff().post(REQUESTS, json!({"notes": "Before Friday", "items": [line]})).await.expect(201);
    let path = format!("{REQUESTS}/{}", made.id());
    assert_eq!((made.header("location"), made.tag_version()), (Some(path.as_str()), Some(1)));
    let mut shown = made.json();
    let (id, item) = (made.id(), shown["items"][0]["id"].clone());
    for time in ["created_at", "updated_at"] {
        assert!(shown[time].take().is_string());
    }
    let staff = json!({"id": shop.staff().id, "full_name": "The staff"});
    let expected = json!({
        "id": id, "org_id": shop.id, "version": 1, "request_number": "PR-00001", "status": "DRAFT",
        "notes": "Before Friday", "currency": "USD",
        "items": [{
            "id": item, "product_id": product, "sku": "SKU-1", "product_name": "Product SKU-1", "unit": "each",
            "quantity": 12, "received_quantity": 0, "cancelled_quantity": 0, "estimated_price": "2.50",
            "supplier_id": supplier, "supplier_name": "Nuts", "warehouse_id": main, "warehouse_name": "Main",
        }],
        "created_by": staff, "submitted_at": null, "approved_by": null, "approved_at": null, "rejected_by": null,
        "rejected_at": null, "rejection_reason": null, "ordered_at": null, "received_by": null, "received_at": null,
        "cancelled_by": null, "cancelled_at": null, "closed_by": null, "closed_at": null, "close_reason": null,
        "created_at": null, "updated_at": null,
    });
    assert_eq!(shown, expected);

    let submitted = shop.staff().post(format!("{path}/submit"), json!({})).await.expect(200).json();
    assert_eq!((&submitted["status"], &submitted["version"]), (&json!("SUBMITTED"), &json!(2)));
    let approved = shop.step(&id, "approve").await.expect(200).json();
    assert_eq!(approved["approved_by"]["id"], shop.manager().id.as_str());
    let ordered = shop.step(&id, "mark-ordered").await.expect(200).json();
    let receipt = json!({"items": [{"item_id": item, "warehouse_id": main}]});
    let received = shop.manager().post(format!("{path}/receive"), receipt).await.expect(200);
    assert_eq!(received.tag_version(), Some(5));
    let received = received.json();
    for (state, member) in
        [(&submitted, "submitted_at"), (&approved, "approved_at"), (&ordered, "ordered_at"), (&received, "received_at")]
    {
        assert_eq!(state[member], state["updated_at"], "{member}");
        assert_eq!(received[member], state[member], "{member} stays");
    }
    assert_eq!(received["received_by"]["id"], shop.manager().id.as_str());
    assert_eq!(shop.staff().get(&path).await.expect(200).json(), received);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn transition_from_another_status_is_invalid_transition() {
    let (shop, product) = shop().await;
    let main = shop.warehouse("Main").await;
    let open: [(&str, &[&str]); 7] = [
        ("submit", &["DRAFT"]),
        ("approve", &["SUBMITTED"]),
        ("reject", &["SUBMITTED"]),
        ("mark-ordered", &["APPROVED"]),
        ("receive", &["ORDERED"]),
        ("close", &["ORDERED"]),
        ("cancel", &["SUBMITTED", "APPROVED"]),
    ];
    for status in ["DRAFT", "SUBMITTED", "APPROVED", "REJECTED", "ORDERED", "CANCELLED", "RECEIVED"] {
        for (step, from) in open {
            let before = if status == "RECEIVED" { "ORDERED" } else { status };
            let request = shop.request(&product, 1, before).await;
            if status == "RECEIVED" {
                shop.arrive(&request, &main, Value::Null).await.expect(200);
            }
            let path = format!("{REQUESTS}/{}", request.id);
            let was = shop.manager().get(&path).await.expect(200).json();
            let reply = match step {
                "receive" => shop.arrive(&request, &main, 1).await,
                step => shop.step(&request.id, step).await,
            };
            if from.contains(&status) {
                reply.expect(200);
                continue;
            }
            let problem = reply.expect(409).json();
            assert_eq!((&problem["code"], &problem["request_status"]), (&json!("invalid_transition"), &json!(status)));
            assert_eq!(shop.manager().get(&path).await.expect(200).json(), was, "{step} from {status}");
        }
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn transition_with_a_stale_if_match_is_version_mismatch() {
    let (shop, product) = shop().await;
    let main = shop.warehouse("Main").await;
    for (step, status) in [
        ("submit", "DRAFT"),
        ("approve", "SUBMITTED"),
        ("reject", "SUBMITTED"),
        ("cancel", "SUBMITTED"),
        ("mark-ordered", "APPROVED"),
        ("receive", "ORDERED"),
        ("close", "ORDERED"),
    ] {
        let request = shop.request(&product, 1, status).await;
        let version = shop.manager().get(format!("{REQUESTS}/{}", request.id)).await.expect(200).version();
        let take = || match step {
            "receive" => shop.arrive(&request, &main, 1),
            step => shop.step(&request.id, step),
        };
        assert_eq!(take().if_match(version + 1).await.expect(412).code(), "version_mismatch", "{step}");
        assert_eq!(take().if_match(version).await.expect(200).version(), version + 1, "{step}");
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn transition_is_logged_once() {
    let (shop, product) = shop().await;
    let main = shop.warehouse("Main").await;
    let request = shop.request(&product, 1, "ORDERED").await;
    shop.arrive(&request, &main, 1).await.expect(200);
    let draft = shop.request(&product, 1, "DRAFT").await;
    shop.staff().patch(format!("{REQUESTS}/{}", draft.id), json!({"notes": "Soon"})).await.expect(200);
    shop.staff().delete(format!("{REQUESTS}/{}", draft.id)).await.expect(204);
    let entries = async |id: &str| {
        let log = shop.admin().get("/api/v1/audit-logs").query(&[("entity_id", id), ("order", "asc")]);
        let entries = log.await.expect(200).items();
        entries.iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(entries(&request.id).await, ["CREATE", "SUBMIT", "APPROVE", "MARK_ORDERED", "RECEIVE"]);
    assert_eq!(entries(&draft.id).await, ["CREATE", "UPDATE", "DELETE"]);
    for (status, action) in [("REJECTED", "REJECT"), ("CANCELLED", "CANCEL")] {
        let request = shop.request(&product, 1, status).await;
        assert_eq!(entries(&request.id).await, ["CREATE", "SUBMIT", action]);
    }
}

#[tokio::test]
async fn reject_without_a_reason_is_required() {
    let (shop, product) = shop().await;
    let request = shop.request(&product, 1, "SUBMITTED").await;
    let path = format!("{REQUESTS}/{}/reject", request.id);
    for (body, fault) in [
        (json!({}), "/rejection_reason required"),
        (json!({"rejection_reason": "  "}), "/rejection_reason too_short"),
        (json!({"rejection_reason": "x".repeat(1_001)}), "/rejection_reason too_long"),
        (json!({"rejection_reason": 7}), "/rejection_reason wrong_type"),
    ] {
        assert_eq!(shop.manager().post(&path, body).await.expect(422).faults(), [fault]);
    }
    let rejected = shop.manager().post(&path, json!({"rejection_reason": " Too dear "})).await.expect(200).json();
    assert_eq!((&rejected["rejection_reason"], &rejected["status"]), (&json!("Too dear"), &json!("REJECTED")));
}

#[tokio::test]
async fn request_of_another_user_is_not_found_for_staff() {
    let (shop, product) = shop().await;
    let other = shop.hire("other", "STAFF").await;
    let own = shop.request(&product, 1, "DRAFT").await.id;
    let theirs =
        other.post(REQUESTS, json!({"items": [{"product_id": product, "quantity": 1}]})).await.expect(201).id();
    let never = "0190b6a4-7b1e-7c3a-8f00-0123456789ab";
    let line = json!([{"product_id": product, "quantity": 2}]);
    for (id, name) in [(theirs.as_str(), "a colleague's"), (never, "nobody's")] {
        let path = format!("{REQUESTS}/{id}");
        let replies = [
            shop.staff().get(&path).await,
            shop.staff().put(&path, json!({"items": line})).await,
            shop.staff().patch(&path, json!({"notes": "Mine"})).await,
            shop.staff().delete(&path).await,
            shop.staff().post(format!("{path}/submit"), json!({})).await,
            shop.staff().post(format!("{path}/cancel"), json!({})).await,
        ];
        assert!(replies.iter().all(|reply| reply.status() == 404), "{name}: {replies:?}");
    }
    let ids = async |query: &[(&str, &str)], client: &stockroom_harness::Client| {
        let items = client.get(REQUESTS).query(query).await.expect(200).items();
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let by_other = [("created_by", other.id.as_str())];
    assert_eq!(ids(&[], shop.staff()).await, [own.as_str()]);
    assert_eq!(ids(&by_other, shop.staff()).await, [""; 0]);
    assert_eq!(ids(&[], shop.manager()).await, [theirs.as_str(), &own]);
    assert_eq!(ids(&by_other, shop.manager()).await, [theirs.as_str()]);
    assert_eq!(ids(&[("status", "SUBMITTED")], shop.manager()).await, [""; 0]);
    shop.staff().post(format!("{REQUESTS}/{own}/submit"), json!({})).await.expect(200);
    for client in [shop.staff(), shop.manager()] {
        assert_eq!(ids(&[("status", "SUBMITTED")], client).await, [own.as_str()]);
    }

    // The creator and an admin can delete a draft.
    assert_eq!(shop.manager().delete(format!("{REQUESTS}/{theirs}")).await.expect(403).code(), "forbidden");
    shop.admin().delete(format!("{REQUESTS}/{theirs}")).await.expect(204);
    shop.staff().post(format!("{REQUESTS}/{own}/cancel"), json!({})).await.expect(200);
    shop.stack().check_invariants();
}
#[tokio::test]
async fn events_of_a_request_are_for_its_owner_and_managers() {
    let (shop, product) = shop().await;
    let other = shop.hire("other", "STAFF").await;
    let request = shop.request(&product, 1, "APPROVED").await.id;
    shop.stack().clock().advance(std::time::Duration::from_mins(1));
    let types = async |client: &stockroom_harness::Client, query: &[(&str, &str)]| -> Vec<String> {
        let events = client.get("/api/v1/events").query(query).await.expect(200).items();
        let own = events.iter().filter(|event| event["entity_id"] == request.as_str());
        own.map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    };
    let all = ["approved", "submitted", "created"].map(|verb| format!("purchase_request.{verb}"));
    let mut feed = all.clone();
    feed.reverse();
    for client in [shop.staff(), shop.manager(), shop.admin()] {
        assert_eq!(types(client, &[]).await, all);
        assert_eq!(types(client, &[("after", "start"), ("limit", "100")]).await, feed);
        assert_eq!(types(client, &[("type", "purchase_request.approved")]).await, all[..1]);
    }
    for query in [&[][..], &[("after", "start"), ("limit", "100")], &[("type", "purchase_request.approved")]] {
        assert_eq!(types(&other, query).await, [""; 0]);
    }
    let newest = shop.staff().get("/api/v1/events").query(&[("limit", "1")]).await.expect(200).items().remove(0);
    let path = format!("/api/v1/events/{}", newest["id"].as_str().unwrap());
    assert_eq!(shop.staff().get(&path).await.expect(200).json()["type"], "purchase_request.approved");
    other.get(&path).await.expect(404);
    assert_eq!(newest["data"]["after"]["status"], "APPROVED");
}

#[tokio::test]
async fn list_continued_after_a_demotion_has_own_requests_only() {
    let (shop, product) = shop().await;
    let demoted = shop.hire("demoted", "MANAGER").await;
    let line = json!({"items": [{"product_id": product, "quantity": 1}]});
    let own = demoted.post(REQUESTS, line.clone()).await.expect(201).id();
    for _ in 0..3 {
        shop.staff().post(REQUESTS, line.clone()).await.expect(201);
    }
    let list = demoted.get(REQUESTS).query(&[("limit", "1")]);
    let first = list.clone().await.expect(200).json();
    shop.admin().patch(format!("/api/v1/users/{}", demoted.id), json!({"role": "STAFF"})).await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = list.query(&[("cursor", cursor)]).await.expect(200);
    let ids: Vec<_> = rest.items().iter().map(|item| item["id"].clone()).collect();
    assert_eq!(ids, [json!(own)], "from now on only their own are to be seen");
}
