//! The local stack from end to end: a change, its event, the mail, and the use of its link.

use serde_json::json;

use super::{items, look, published, shop};

const MAILS: &str = "/_local/mail.json";

/// The token of the link in a mail's text.
fn token(text: &str) -> String {
    let (_, rest) = text.split_once("/reset?token=").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

#[tokio::test]
async fn invitation_on_the_local_stack_leads_to_a_login() {
    let (shop, around) = shop().await;
    let someone = json!({"email": "sam@acme.example", "full_name": "Sam <b>Zoë</b>", "role": "STAFF"});
    let made = shop.admin().post("/api/v1/users", someone).await.expect(201);

    let mails = items(&around, MAILS).await;
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!((&mail["to"], &mail["organization"]), (&json!(["sam@acme.example"]), &json!(shop.id)));
    assert_eq!(mail["from"], "no-reply@stockroom.example");
    assert_eq!(mail["subject"], "You are invited to acme");
    let (html, text) = (mail["html"].as_str().unwrap(), mail["text"].as_str().unwrap());
    assert!(html.contains("Sam &#60;b&#62;Zoë") && text.contains("Sam <b>Zoë</b>"), "{html}");
    let token = token(text);
    assert!(html.contains(&token));

    // Events on the bus contain no token.
    let events = published(&around, "user.invited").await;
    assert_eq!((events.len(), &events[0]["detail"]["entity_id"]), (1, &json!(made.id())));
    assert!(!events[0].to_string().contains(&token));

    let body = json!({"token": token, "password": "canary-painted-doors-and-ramps"});
    shop.anonymous().post("/api/v1/auth/password/reset", body).await.expect(204);
    shop.anonymous().log_in("sam@acme.example", "canary-painted-doors-and-ramps").await.expect(200);
    assert_eq!(items(&around, MAILS).await.len(), 1);
}

#[tokio::test]
async fn forgot_on_the_local_stack_mails_known_accounts_only() {
    let (shop, around) = shop().await;
    for email in [&shop.staff().email, "nobody@acme.example"] {
        shop.anonymous().post("/api/v1/auth/password/forgot", json!({"email": email})).await.expect(202);
    }
    let mails = items(&around, MAILS).await;
    assert_eq!((mails.len(), &mails[0]["to"]), (1, &json!([shop.staff().email])));
    let body = json!({"token": token(mails[0]["text"].as_str().unwrap()), "password": "canary-oiled-hinges-and-locks"});
    shop.anonymous().post("/api/v1/auth/password/reset", body).await.expect(204);
    shop.sign_in_with(shop.staff(), "canary-oiled-hinges-and-locks").await;
}

#[tokio::test]
async fn every_transition_of_a_purchase_request_on_the_local_stack_sends_mail() {
    let (shop, around) = shop().await;
    let (product, main) = (shop.product("SKU-1").await, shop.warehouse("Main").await);
    let request = shop.request(&product, 2, "SUBMITTED").await;
    assert_eq!(items(&around, MAILS).await.len(), 2);
    for step in ["approve", "mark-ordered"] {
        shop.step(&request.id, step).await.expect(200);
    }
    shop.arrive(&request, &main, 1).await.expect(200);
    assert_eq!(items(&around, MAILS).await.len(), 4);
    let reason = json!({"reason": "The supplier has no more"});
    shop.manager().post(format!("/api/v1/purchase-requests/{}/close", request.id), reason).await.expect(200);
    let declined = shop.request(&product, 1, "SUBMITTED").await;
    assert_eq!(items(&around, MAILS).await.len(), 7);
    shop.step(&declined.id, "reject").await.expect(200);

    let (admin, manager, staff) = (&shop.admin().email, &shop.manager().email, &shop.staff().email);
    let mails = items(&around, MAILS).await;
    let mut seen: Vec<_> = mails
        .iter()
        .map(|mail| (mail["subject"].as_str().unwrap().to_owned(), mail["to"][0].as_str().unwrap().to_owned()))
        .collect();
    seen.sort();
    let expected = [
        ("PR-00001 waits for a decision - acme", admin),
        ("PR-00001 waits for a decision - acme", manager),
        ("PR-00001 was approved - acme", staff),
        ("PR-00001 was closed - acme", staff),
        ("PR-00002 waits for a decision - acme", admin),
        ("PR-00002 waits for a decision - acme", manager),
        ("PR-00002 was rejected - acme", staff),
        ("Part of PR-00001 has arrived - acme", staff),
    ];
    assert_eq!(seen, expected.map(|(subject, to)| (subject.to_owned(), to.clone())));
    for mail in &mails {
        let id = if mail["subject"].as_str().unwrap().contains("PR-00001") { &request.id } else { &declined.id };
        let link = format!("/purchase-requests/{id}");
        assert!(["html", "text"].iter().all(|part| mail[part].as_str().unwrap().contains(&link)), "{mail}");
    }
    let rejected = mails.iter().find(|mail| mail["subject"] == "PR-00002 was rejected - acme").unwrap();
    let closed = mails.iter().find(|mail| mail["subject"] == "PR-00001 was closed - acme").unwrap();
    for part in ["html", "text"] {
        assert!(rejected[part].as_str().unwrap().contains("Too dear"), "{part}");
        assert!(closed[part].as_str().unwrap().contains("The supplier has no more"), "{part}");
    }
}

#[tokio::test]
async fn mailbox_page_of_a_hostile_mail_runs_no_script() {
    let (shop, around) = shop().await;
    let (parts, empty) = look(&around, "/_local/mail").await;
    assert!(parts.status == 200 && empty.contains("No mail"), "{empty}");

    let name = "<script>alert(1)</script>";
    let someone = json!({"email": "eve@acme.example", "full_name": name, "role": "STAFF"});
    shop.admin().post("/api/v1/users", someone).await.expect(201);
    let id = items(&around, MAILS).await[0]["id"].as_str().unwrap().to_owned();
    for path in ["/_local/mail", &format!("/_local/mail/{id}"), &format!("/_local/mail/{id}?part=text")] {
        let (parts, page) = look(&around, path).await;
        let policy = parts.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(parts.headers["cross-origin-opener-policy"], "same-origin");
        assert_eq!(page.matches("<script").count(), 1, "the script of the page: {page}");
    }
    let (parts, mail) = look(&around, &format!("/_local/mail/{id}/html")).await;
    let policy = parts.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("script"), "{policy}");
    assert!(policy.ends_with("; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"), "{policy}");
    assert!(!mail.contains("<script") && mail.contains("&#60;script&#62;"), "{mail}");
    assert!(mail.contains("<head><base target=\"_blank\">"), "{mail}");
    for path in ["/_local/mail/none", "/_local/mail/none/html", "/_local/assets/none"] {
        assert_eq!(look(&around, path).await.0.status, 404, "{path}");
    }
}

#[tokio::test]
async fn mailbox_pages_show_the_copies_of_a_mail_as_one() {
    let (shop, around) = shop().await;
    let (_, latest) = look(&around, "/_local/mail/latest.json").await;
    assert_eq!(latest, json!({ "latest": null }).to_string());
    let product = shop.product("SKU-1").await;
    shop.request(&product, 2, "SUBMITTED").await;
    shop.request(&product, 3, "SUBMITTED").await;
    let mails = items(&around, MAILS).await;
    assert_eq!(mails.len(), 4, "one mail for each request, to the admin and the manager");
    let (_, latest) = look(&around, "/_local/mail/latest.json").await;
    assert_eq!(latest, json!({ "latest": mails[3]["id"] }).to_string());

    let (_, list) = look(&around, "/_local/mail").await;
    let (first, second) = (list.find("PR-00001 waits").unwrap(), list.find("PR-00002 waits").unwrap());
    assert!(second < first, "the newest mail is first: {list}");
    assert_eq!(list.matches("<li>").count(), 2, "{list}");
    assert!(list.contains(&format!("<span>{}</span><span>{}</span>", shop.admin().email, shop.manager().email)));
    assert!(list.contains("(acme)") && list.contains(">2 mails<"), "{list}");
    let (_, filtered) = look(&around, "/_local/mail?q=ACME+pr-00001").await;
    assert!(filtered.contains("1 of 2") && !filtered.contains("PR-00002"), "{filtered}");
    let (_, none) = look(&around, "/_local/mail?q=%22%3E%3Cscript%3E").await;
    assert!(none.contains("No mail matches") && none.matches("<script").count() == 1, "{none}");

    // Every copy opens the same page. Its links to other mails follow the order of the list.
    let link = |id: &serde_json::Value, query: &str| format!("/_local/mail/{}{query}", id.as_str().unwrap());
    for copy in &mails[..2] {
        let (_, page) = look(&around, &link(&copy["id"], "")).await;
        assert!(page.contains(&format!("rel=\"prev\" href=\"{}\"", link(&mails[2]["id"], ""))), "{page}");
        assert!(!page.contains("rel=\"next\""), "{page}");
    }
    let (_, page) = look(&around, &link(&mails[0]["id"], "?q=pr-00001")).await;
    assert!(!page.contains("rel=\"prev\"") && page.contains("href=\"/_local/mail?q=pr-00001\""), "{page}");
}

#[tokio::test]
async fn mailbox_page_of_a_text_links_its_addresses() {
    let (shop, around) = shop().await;
    let someone = json!({"email": "sam@acme.example", "full_name": "Sam", "role": "STAFF"});
    shop.admin().post("/api/v1/users", someone).await.expect(201);
    let mail = items(&around, MAILS).await.remove(0);
    let (text, id) = (mail["text"].as_str().unwrap(), mail["id"].as_str().unwrap());
    let link = text.split_whitespace().find(|word| word.contains("/reset?token=")).unwrap();
    let (_, page) = look(&around, &format!("/_local/mail/{id}?part=text")).await;
    assert!(page.contains(&format!("<a href=\"{link}\" target=\"_blank\" rel=\"noopener\">")), "{page}");
    assert!(!page.contains("<iframe"), "{page}");
}

#[tokio::test]
async fn event_on_the_bus_equals_event_of_the_feed() {
    let (shop, around) = shop().await;
    let product = shop.product("SKU-1").with("min_stock_level", 5).await;
    let main = shop.warehouse("Main").await;
    shop.receive(&product, &main, 7).await.expect(201);
    shop.take(&product, &main, 4).await.expect(201);

    let low = published(&around, "stock.low").await;
    assert_eq!(low.len(), 1);
    let (envelope, detail) = (&low[0], &low[0]["detail"]);
    assert_eq!([&envelope["source"], &envelope["version"]], [&json!("stockroom"), &json!("0")]);
    assert_eq!([&detail["version"], &detail["organization_id"]], [&json!(1), &json!(shop.id)]);
    assert_eq!([&detail["data"]["on_hand"], &detail["data"]["shortage"]], [&json!("3"), &json!("2")]);

    let mut on_bus: Vec<_> = items(&around, "/_local/events.json").await;
    on_bus.retain(|event| event["detail-type"] != "user.welcomed");
    let listed = shop.admin().get("/api/v1/events").query(&[("limit", "100")]).await.expect(200).json();
    let name = |kind: &serde_json::Value, id: &serde_json::Value| format!("{kind} {id}");
    let mut on_bus: Vec<_> = on_bus.iter().map(|event| name(&event["detail-type"], &event["detail"]["id"])).collect();
    let mut listed: Vec<_> =
        listed["items"].as_array().unwrap().iter().map(|event| name(&event["type"], &event["id"])).collect();
    on_bus.sort();
    listed.sort();
    assert_eq!(on_bus, listed);
}

#[tokio::test]
async fn events_before_the_start_of_the_local_stack_are_not_published() {
    let (shop, _) = shop().await;
    let product = shop.product("SKU-1").await;
    shop.request(&product, 1, "APPROVED").await;
    let stack = shop.stack();
    let later = stockroom_local::services::LocalServices::new(stack.runtime(), stack.database().clone()).unwrap();
    let later = std::sync::Arc::new(later);
    assert_eq!(items(&later, "/_local/events.json").await.len(), 0);
    shop.request(&product, 1, "SUBMITTED").await;
    assert_eq!(items(&later, MAILS).await.len(), 2);
}
