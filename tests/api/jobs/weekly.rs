//! The weekly report: totals of the week and the one before, low levels, waiting requests.

use std::time::Duration;

use serde_json::{Value, json};
use stockroom_domain::time::Timestamp;
use stockroom_harness::{Shop, Stack};
use stockroom_local::{
    northwind::{self, data::Northwind},
    services::LocalServices,
};

use super::{at_once, mailed, run, run_locally, weekly_report};
use crate::bus::{TestTransport, items};

/// The line of a report's text that begins with this word.
fn line<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    let line = text.lines().find(|line| line.starts_with(word)).unwrap();
    line.split_whitespace().skip(1).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn weekly_report_of_northwind_has_its_figures() {
    let stack = Stack::start().await;
    northwind::import(stack.runtime(), |_| ()).await.unwrap();
    let around = LocalServices::new(stack.runtime(), stack.database().clone()).unwrap().into();
    let (status, done) = run_locally(&around, "weekly-report", r#"{"time": "1998-05-03T00:00:00Z"}"#).await;
    assert_eq!((status.as_u16(), &done["organizations"]), (200, &json!(1)));

    let subject = "Your week from 26 April 1998 to 2 May 1998 - Northwind Traders";
    let expected =
        ["admin@northwind.example", "manager@northwind.example"].map(|to| (subject.to_owned(), to.to_owned()));
    assert_eq!(mailed(&around).await, expected);
    let mail = items(&around, "/_local/mail.json").await.remove(0);
    let (text, html) = (mail["text"].as_str().unwrap(), mail["html"].as_str().unwrap());

    let records = Northwind::read().unwrap();
    let sold = |from: &str, to: &str| {
        let is_in = |order: u32| {
            let date = records.orders.iter().find(|known| known.id == order).unwrap().order_date.to_string();
            from <= date.as_str() && date.as_str() <= to
        };
        let lines: Vec<u32> =
            records.order_lines.iter().filter(|line| is_in(line.order_id)).map(|line| line.quantity).collect();
        (lines.len(), grouped(lines.iter().sum()))
    };
    let ((moved, units), (moved_before, units_before)) =
        (sold("1998-04-26", "1998-05-02"), sold("1998-04-19", "1998-04-25"));
    assert!(moved > 20 && moved_before > 20);
    let sentence = format!("{moved} movements were recorded, after {moved_before} the week before.");
    assert!(text.contains(&sentence) && html.contains(&sentence), "{text}");
    assert_eq!(line(text, "Issued"), [units.as_str(), units_before.as_str()]);
    for body in [text, html] {
        assert!(body.contains("Nothing was received, transferred or adjusted."), "{body}");
        assert!(!body.contains("Received") && !body.contains("Transferred") && !body.contains("Adjusted"), "{body}");
    }
    assert!(html.contains(&format!("<b>{units}</b>")) && html.contains(&units_before));

    assert!(text.contains("18 levels are below their minimum") && html.contains("18 levels are below their minimum"));
    assert_eq!(text.matches(" missing").count(), 18, "{text}");
    assert!(text.contains("purchase requests wait for a decision"), "{text}");
    assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("http"), "{html}");

    // A repeated run for the same week does nothing.
    run_locally(&around, "weekly-report", r#"{"time": "1998-05-06T12:00:00Z"}"#).await;
    assert_eq!(mailed(&around).await.len(), 2);
}

/// A whole number as the mail writes it.
fn grouped(number: u32) -> String {
    match (number / 1_000, number % 1_000) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{thousands},{rest:03}"),
    }
}

const SUNDAY: &str = "2026-11-29T00:00:00Z";

#[tokio::test]
async fn weekly_report_counts_every_movement_in_the_week_of_its_recording() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let clock = shop.stack().clock();
    let at = |text: &str| clock.set(text.parse::<Timestamp>().unwrap());
    let product = shop.product("SKU-1").with("decimal_places", 1).await;
    let (main, back) = (shop.warehouse("Main").await, shop.warehouse("Back").await);
    let record = async |kind: &str, quantity: Value, more: Value| {
        let mut body = json!({"type": kind, "product_id": product, "warehouse_id": main, "quantity": quantity});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        shop.staff().post("/api/v1/stock-movements", body).await.expect(201);
    };
    // A session of another day has expired, so the user signs in again.
    let staff = async |text: &str| {
        at(text);
        shop.sign_in(shop.staff()).await
    };
    record("IN", json!(1500.5), json!({})).await;
    record("OUT", json!(20), json!({"occurred_at": "2026-11-01T00:00:00Z"})).await;
    record("TRANSFER", json!(7), json!({"to_warehouse_id": back})).await;
    record("ADJUSTMENT", json!(-3), json!({})).await;
    record("COUNT", json!(1500), json!({})).await;
    let late = staff("2026-11-28T23:59:59.900Z").await;
    late.take(&product, &main, 2).await.expect(201);
    let next_week = staff("2026-11-29T00:00:00.000Z").await;
    next_week.take(&product, &main, 100).await.expect(201);

    let mailer = TestTransport::default();
    run(&weekly_report(shop.stack(), &mailer), &shop, SUNDAY).await;
    let text = mailer.mails()[0].content.plain.clone();
    assert!(text.starts_with("Your week from 22 November 2026 to 28 November 2026\n"), "{text}");
    assert!(text.contains("6 movements were recorded, after none the week before."), "{text}");
    assert_eq!(line(&text, "Received"), ["1,500.5", "0"]);
    assert_eq!(line(&text, "Issued"), ["22", "0"]);
    assert_eq!(line(&text, "Transferred"), ["7", "0"]);
    assert_eq!(line(&text, "Adjusted"), ["+29.5", "\u{2212}3", "0"]);

    run(&weekly_report(shop.stack(), &mailer), &shop, "2026-12-06T00:00:00Z").await;
    let text = mailer.mails()[2].content.plain.clone();
    assert!(text.contains("1 movement was recorded, after 6 the week before."), "{text}");
    assert_eq!(line(&text, "Issued"), ["100", "22"]);
}

#[tokio::test]
async fn weekly_report_lists_waiting_requests_with_their_age() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let product = shop.product("SKU-1").await;
    shop.request(&product, 3, "SUBMITTED").await;
    shop.request(&product, 3, "APPROVED").await;
    shop.stack().clock().advance(Duration::from_hours(5 * 24 + 3));
    let mailer = TestTransport::default();
    run(&weekly_report(shop.stack(), &mailer), &shop, SUNDAY).await;
    let text = mailer.mails()[0].content.plain.clone();
    assert!(text.contains("1 purchase request waits for a decision"), "{text}");
    assert!(text.contains("- PR-00001 by The staff, 1 line, waits for 5 days"), "{text}");
    assert!(!text.contains("PR-00002") && text.contains("Nothing is below its minimum"), "{text}");
    assert!(text.contains("No movement was recorded in this week or the week before."), "{text}");
    assert!(!text.contains("Units") && !text.contains("Nothing was"), "{text}");
}

#[tokio::test]
async fn concurrent_weekly_reports_send_one_mail_per_recipient() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    shop.stocked("SKU-1", 5).await;
    for round in 0..10 {
        let mailer = TestTransport::default();
        let sunday = SUNDAY.parse::<Timestamp>().unwrap().plus(Duration::from_hours(round * 7 * 24));
        let product = shop.product(&format!("WAITS-{round}")).await;
        shop.request(&product, 1, "SUBMITTED").await;
        at_once(&shop, &sunday.to_string(), || weekly_report(shop.stack(), &mailer)).await;
        assert_eq!(mailer.recipients(), ["admin@acme.example", "manager@acme.example"], "round {round}");
    }
}

#[tokio::test]
async fn weekly_report_of_an_idle_or_ended_organization_sends_no_mail() {
    let stack = Stack::start().await;
    let (idle, ended) = (Shop::open(&stack, "acme").await, Shop::open(&stack, "ended").await);
    let mailer = TestTransport::default();
    run(&weekly_report(&stack, &mailer), &idle, SUNDAY).await;
    ended.stocked("SKU-1", 5).await;
    let path = format!("/api/v1/organizations/{}", ended.id);
    ended.admin().delete(path).query(&[("confirm", "ended")]).await.expect(202);
    run(&weekly_report(&stack, &mailer), &ended, SUNDAY).await;
    assert_eq!(mailer.recipients().len(), 0);
}
