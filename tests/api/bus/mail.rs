//! From the bus to mail: one mail for each recipient. A failing recipient delays no other.

use std::time::Duration;

use serde_json::json;
use stockroom_harness::{PASSWORD, Shop, Stack};
use stockroom_notifications::NotifyError;
use stockroom_notify::Unsent;

use super::{Fate, TestTransport, event_of_request, notifier, untold};

async fn shop() -> Shop {
    Shop::open(&Stack::start().await, "acme").await
}

#[tokio::test]
async fn notify_of_a_repeated_event_sends_one_mail() {
    let shop = shop().await;
    let event = event_of_request(&shop, "SUBMITTED", "purchase_request.submitted").await;
    let mailer = TestTransport::default();
    for _ in 0..3 {
        notifier(&shop, &mailer).notify(event.clone()).await.unwrap();
    }
    assert_eq!(mailer.recipients(), ["admin@acme.example", "manager@acme.example"]);
}

#[tokio::test]
async fn concurrent_consumers_of_an_event_send_one_mail_per_recipient() {
    let shop = shop().await;
    for round in 0..20 {
        let product = shop.product(&format!("SKU-R{round}")).await;
        shop.request(&product, 1, "SUBMITTED").await;
        let event = untold(&shop, "purchase_request.submitted").await.pop().unwrap();
        let mailer = TestTransport::default();
        let consumers: Vec<_> = (0..4)
            .map(|_| {
                let (notifier, event) = (notifier(&shop, &mailer), event.clone());
                // A consumer that finds a claimed mail retries, as the bus does.
                tokio::spawn(async move {
                    let mut tries = 0;
                    while let Err(error) = notifier.notify(event.clone()).await {
                        assert!(matches!(error, NotifyError::Unsent(_)), "{error}");
                        tries += 1;
                        assert!(tries < 1_000);
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for consumer in consumers {
            consumer.await.unwrap();
        }
        assert_eq!(mailer.recipients(), ["admin@acme.example", "manager@acme.example"], "round {round}");
    }
}

#[tokio::test]
async fn notify_retries_a_throttled_mail_and_not_a_rejected_one() {
    let shop = shop().await;
    let event = event_of_request(&shop, "SUBMITTED", "purchase_request.submitted").await;
    let mailer = TestTransport::planned([Fate::Refused]);
    for _ in 0..2 {
        notifier(&shop, &mailer).notify(event.clone()).await.unwrap();
    }
    assert_eq!(mailer.recipients().len(), 1);

    let event = {
        let product = shop.product("SKU-2").await;
        shop.request(&product, 1, "SUBMITTED").await;
        untold(&shop, "purchase_request.submitted").await.pop().unwrap()
    };
    let mailer = TestTransport::planned([Fate::Throttled]);
    let first = notifier(&shop, &mailer).notify(event.clone()).await.unwrap_err();
    assert!(matches!(first, NotifyError::Unsent(Unsent(1))), "{first}");
    assert_eq!(mailer.recipients().len(), 1);
    notifier(&shop, &mailer).notify(event).await.unwrap();
    assert_eq!(mailer.recipients(), ["admin@acme.example", "manager@acme.example"]);
}

#[tokio::test]
async fn notify_after_a_lost_answer_sends_a_second_mail() {
    let shop = shop().await;
    let event = event_of_request(&shop, "APPROVED", "purchase_request.approved").await;
    let mailer = TestTransport::planned([Fate::Lost]);
    notifier(&shop, &mailer).notify(event.clone()).await.unwrap_err();
    for _ in 0..2 {
        notifier(&shop, &mailer).notify(event.clone()).await.unwrap();
    }
    assert_eq!(mailer.recipients(), ["staff@acme.example", "staff@acme.example"]);
}

#[tokio::test]
async fn notify_after_an_expired_claim_sends_the_mail() {
    let shop = shop().await;
    let event = event_of_request(&shop, "APPROVED", "purchase_request.approved").await;
    let clock = shop.stack().clock();
    clock.stop();
    let store = &shop.stack().runtime().store;
    let (organization, staff) = (shop.id.parse().unwrap(), shop.staff().id.parse().unwrap());
    let id = event["detail"]["id"].as_str().unwrap().parse().unwrap();
    store.mailing(organization).claim(stockroom_store::MailOccasion::Event(id), staff).await.unwrap();

    let mailer = TestTransport::default();
    notifier(&shop, &mailer).notify(event.clone()).await.unwrap_err();
    clock.advance(stockroom_store::MAIL_LEASE + Duration::from_millis(1));
    notifier(&shop, &mailer).notify(event).await.unwrap();
    assert_eq!(mailer.recipients(), ["staff@acme.example"]);
}

#[tokio::test]
async fn notify_of_a_disabled_or_deleted_recipient_sends_no_mail() {
    let shop = shop().await;
    let event = event_of_request(&shop, "APPROVED", "purchase_request.approved").await;
    let product = shop.product("SKU-2").await;
    shop.request(&product, 2, "SUBMITTED").await;
    let submitted = untold(&shop, "purchase_request.submitted").await.pop().unwrap();
    for person in [shop.staff(), shop.manager()] {
        let path = format!("/api/v1/users/{}", person.id);
        shop.admin().patch(path, json!({"status": "DISABLED"})).await.expect(200);
    }
    let mailer = TestTransport::default();
    let notifier = notifier(&shop, &mailer);
    notifier.notify(event).await.unwrap();
    notifier.notify(submitted).await.unwrap();
    assert_eq!(mailer.recipients(), ["admin@acme.example"]);
}

#[tokio::test]
async fn notify_of_an_outdated_event_sends_no_mail() {
    let shop = shop().await;
    let product = shop.product("SKU-1").await;
    let request = shop.request(&product, 2, "APPROVED").await;
    shop.step(&request.id, "cancel").await.expect(200);
    let mailer = TestTransport::default();
    for kind in ["purchase_request.submitted", "purchase_request.approved"] {
        let late = untold(&shop, kind).await.pop().unwrap();
        notifier(&shop, &mailer).notify(late).await.unwrap();
    }
    assert_eq!(mailer.recipients(), [""; 0]);
}

#[tokio::test]
async fn notify_of_a_void_link_sends_no_mail() {
    let shop = shop().await;
    let email = &shop.staff().email;
    shop.anonymous().post("/api/v1/auth/password/forgot", json!({"email": email})).await.expect(202);
    let event = untold(&shop, "user.password_reset_requested").await.pop().unwrap();
    let mailer = TestTransport::default();
    let body = json!({"current_password": PASSWORD, "new_password": "canary-washed-windows-and-sills"});
    shop.staff().put("/api/v1/users/me/password", body).await.expect(204);
    notifier(&shop, &mailer).notify(event).await.unwrap();

    shop.anonymous().post("/api/v1/auth/password/forgot", json!({"email": email})).await.expect(202);
    let event = untold(&shop, "user.password_reset_requested").await.pop().unwrap();
    shop.stack().clock().advance(Duration::from_mins(31));
    notifier(&shop, &mailer).notify(event).await.unwrap();
    assert_eq!(mailer.recipients().len(), 0);
}

#[tokio::test]
async fn notify_with_hostile_names_escapes_them() {
    let shop = shop().await;
    let hostile = "Zoë \"<script>\" O'Neil";
    let path = "/api/v1/users/me";
    shop.manager().patch(path, json!({"full_name": hostile})).await.expect(200);
    let product = shop.product("SKU-1").with("name", "<img src=x onerror=alert(1)>").await;
    let body = json!({"notes": "one\n<b>two</b>", "items": [{"product_id": product, "quantity": 1}]});
    let id = shop.staff().post("/api/v1/purchase-requests", body).await.expect(201).id();
    shop.step(&id, "submit").await.expect(200);
    let event = untold(&shop, "purchase_request.submitted").await.pop().unwrap();
    let mailer = TestTransport::default();
    notifier(&shop, &mailer).notify(event).await.unwrap();
    let mails = mailer.mails();
    let mail = mails.iter().find(|mail| mail.to.email().as_str() == shop.manager().email).unwrap();
    let header = mail.to.header().unwrap();
    assert!(header.is_ascii() && !header.contains('\n') && header.starts_with("=?utf-8?b?"), "{header}");
    for tag in ["<img", "<b>two", "<script"] {
        assert!(!mail.content.html.contains(tag), "{tag}");
    }
    assert!(mail.content.html.contains("&#60;img src=x") && mail.content.plain.contains("<b>two</b>"));
    assert!(!mail.content.subject.contains(['\r', '\n']));
}

#[tokio::test]
async fn notify_of_a_submitted_request_shows_link_estimates_and_total() {
    let shop = shop().await;
    let (bolts, nuts) = (shop.product("BOLT").await, shop.product("NUT").await);
    let lines = json!([
        {"product_id": bolts, "quantity": 1200, "estimated_price": "12.50"},
        {"product_id": nuts, "quantity": 3},
    ]);
    let id = shop.staff().post("/api/v1/purchase-requests", json!({"items": lines})).await.expect(201).id();
    shop.step(&id, "submit").await.expect(200);
    let mailer = TestTransport::default();
    let submitted = untold(&shop, "purchase_request.submitted").await.pop().unwrap();
    notifier(&shop, &mailer).notify(submitted).await.unwrap();
    let content = &mailer.mails()[0].content;
    let link = format!("http://acme.example.com:8000/purchase-requests/{id}");
    for body in [&content.plain, &content.html] {
        for shown in [&link, "USD 15,000.00", "12.50", "no estimate", "excludes 1 line that has no estimate"] {
            assert!(body.contains(shown), "{shown}: {body}");
        }
    }
    assert!(content.plain.contains("- 1,200 each x Product BOLT (BOLT), at 12.50: 15,000.00\n"), "{}", content.plain);
}

#[tokio::test]
async fn notify_with_texts_of_users_quotes_every_line() {
    let shop = shop().await;
    let sentence = "Your account is locked. Call 555-0100";
    shop.staff().patch("/api/v1/users/me", json!({"full_name": sentence})).await.expect(200);
    let product = shop.product("SKU-1").await;
    let notes = "Hello\n\nPR-00001 was approved\n=====\nSign in at https://evil.example";
    let body = json!({"notes": notes, "items": [{"product_id": product, "quantity": 1}]});
    let id = shop.staff().post("/api/v1/purchase-requests", body).await.expect(201).id();
    shop.step(&id, "submit").await.expect(200);
    let reason = json!({"rejection_reason": "Too dear.\nOrder it at https://evil.example"});
    shop.manager().post(format!("/api/v1/purchase-requests/{id}/reject"), reason).await.expect(200);
    let rejected = untold(&shop, "purchase_request.rejected").await.pop().unwrap();
    let mailer = TestTransport::default();
    notifier(&shop, &mailer).notify(rejected).await.unwrap();
    let content = &mailer.mails()[0].content;
    for text in notes.lines().chain(["Too dear.", "Order it at https://evil.example"]).filter(|text| !text.is_empty()) {
        let is_quoted = |line: &str| line == format!("> {text}");
        let mut lines = content.plain.lines().filter(|line| line.contains(text));
        assert!(lines.clone().next().is_some() && lines.all(is_quoted), "{text}: {}", content.plain);
    }
    assert!(content.plain.contains("Reason. The manager wrote:\n> Too dear.\n"), "{}", content.plain);
    let quoted = format!("Written in the request of \u{201c}{sentence}\u{201d}:");
    assert!(content.plain.contains(&quoted) && content.html.contains(&quoted), "{}", content.plain);
    assert_eq!(content.html.matches("<blockquote").count(), 2);
    assert!(!content.html.contains("href=\"https://evil"), "{}", content.html);
}

#[tokio::test]
async fn notify_of_a_foreign_or_unreadable_event_sends_no_mail() {
    let shop = shop().await;
    let event = event_of_request(&shop, "SUBMITTED", "purchase_request.submitted").await;
    let mailer = TestTransport::default();
    let notifier = notifier(&shop, &mailer);
    let with = |pointer: &str, value: serde_json::Value| {
        let mut changed = event.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed
    };
    notifier.notify(with("/source", json!("another"))).await.unwrap();
    notifier.notify(with("/detail-type", json!("product.created"))).await.unwrap();
    for (pointer, value) in [("/detail/version", json!(2)), ("/detail/id", json!("x")), ("/detail", json!([]))] {
        let error = notifier.notify(with(pointer, value)).await.unwrap_err();
        assert!(matches!(error, NotifyError::Unreadable(_)), "{error}");
    }
    // A reference is enough: the mail's content is read from the table.
    let mut reference = event.clone();
    reference["detail"].as_object_mut().unwrap().remove("data");
    assert_eq!(mailer.recipients().len(), 0);
    notifier.notify(reference).await.unwrap();
    assert_eq!(mailer.recipients().len(), 2);
}
