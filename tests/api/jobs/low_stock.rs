//! Low stock: one mail when a level falls below its minimum, another when it falls again, and a weekly one while it
//! lasts.

use std::{collections::BTreeSet, time::Duration};

use serde_json::json;
use stockroom_harness::{Shop, Stack};
use stockroom_jobs::Job;

use super::{at_once, batch, due, failed, low_stock, mailed, run, run_locally};
use crate::bus::{Fate, TestTransport, items, shop};

/// A product with a minimum of 40 and this quantity in stock.
async fn cheese(shop: &Shop, quantity: u32) -> (String, String) {
    let product = shop.product("CHEESE").with("min_stock_level", 40).with("reorder_quantity", 60).await;
    let main = shop.warehouse("Main").await;
    shop.receive(&product, &main, quantity).await.expect(201);
    (product, main)
}

const MANAGERS: [&str; 2] = ["admin@acme.example", "manager@acme.example"];

#[tokio::test]
async fn low_stock_sends_one_mail_for_each_fall_below_the_minimum() {
    let (shop, around) = shop().await;
    let (product, main) = cheese(&shop, 45).await;
    for _ in 0..30 {
        shop.take(&product, &main, 1).await.expect(201);
    }
    let mails_about = |levels: usize| {
        let subject = "1 level has fallen below its minimum - acme".to_owned();
        let one = MANAGERS.map(|to| (subject.clone(), to.to_owned()));
        let mut all: Vec<_> = std::iter::repeat_n(one, levels).flatten().collect();
        all.sort();
        all
    };
    for _ in 0..3 {
        let (status, done) = run_locally(&around, "low-stock", "").await;
        assert_eq!((status.as_u16(), &done["organizations"]), (200, &json!(1)));
        assert_eq!(mailed(&around).await, mails_about(1));
    }
    let sent = items(&around, "/_local/mail.json").await.remove(0);
    let text = sent["text"].as_str().unwrap();
    assert!(
        text.contains("- Product CHEESE (CHEESE) in Main: 15 of at least 40 each, 25 missing. Usual order: 60\n"),
        "{text}"
    );

    shop.receive(&product, &main, 30).await.expect(201);
    run_locally(&around, "low-stock", "").await;
    assert_eq!(mailed(&around).await, mails_about(1));
    shop.take(&product, &main, 6).await.expect(201);
    run_locally(&around, "low-stock", "").await;
    assert_eq!(mailed(&around).await, mails_about(2));
    shop.stack().check_invariants();
}

#[tokio::test]
async fn low_stock_after_a_raised_minimum_sends_mail() {
    let (shop, around) = shop().await;
    let (product, _) = cheese(&shop, 45).await;
    assert_eq!(run_locally(&around, "low-stock", "").await.1["organizations"], 0);
    shop.manager().patch(format!("/api/v1/products/{product}"), json!({"min_stock_level": 50})).await.expect(200);
    assert_eq!(run_locally(&around, "low-stock", "").await.1["organizations"], 1);
    assert_eq!(mailed(&around).await.len(), 2);
}

#[tokio::test]
async fn low_stock_repeats_a_lasting_low_level_after_a_week() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (cheese, main) = cheese(&shop, 30).await;
    let mailer = TestTransport::default();
    let job = low_stock(shop.stack(), &mailer);
    let subjects = || {
        let mut subjects: Vec<String> = mailer.mails().into_iter().map(|mail| mail.content.subject).collect();
        subjects.dedup();
        subjects
    };
    run(&job, &shop, "2026-11-23T10:00:00Z").await;
    run(&job, &shop, "2026-11-30T09:00:00Z").await;
    assert_eq!(subjects(), ["1 level has fallen below its minimum - acme"]);

    let butter = shop.product("BUTTER").with("min_stock_level", 5).await;
    shop.receive(&butter, &main, 1).await.expect(201);
    run(&job, &shop, "2026-11-30T10:00:00Z").await;
    assert_eq!(subjects()[1..], ["2 levels are below their minimum - acme"]);
    let text = mailer.mails().last().unwrap().content.plain.clone();
    assert_eq!(text.matches("Usual order: 60").count(), 1, "{text}");
    let (new, old) = (text.find("BUTTER").unwrap(), text.find("CHEESE").unwrap());
    assert!(new < old && text.contains("1 of them became low since the last mail."), "{text}");

    run(&job, &shop, "2026-11-30T11:00:00Z").await;
    run(&job, &shop, "2026-12-07T09:00:00Z").await;
    assert_eq!(subjects().len(), 2);
    shop.receive(&cheese, &main, 30).await.expect(201);
    run(&job, &shop, "2026-12-07T10:00:00Z").await;
    assert_eq!(subjects()[2..], ["1 level is below its minimum - acme"]);
    assert!(
        mailer.mails().last().unwrap().content.plain.contains("All of them were reported before and are still low.")
    );
}

#[tokio::test]
async fn low_stock_reads_low_levels_only() {
    let shop = Shop::open(&Stack::start_observed().await, "acme").await;
    let (_, main) = cheese(&shop, 30).await;
    for place in 0..10 {
        let other = shop.product(&format!("PLENTY-{place}")).with("min_stock_level", 1).await;
        shop.receive(&other, &main, 5).await.expect(201);
    }
    let mailer = TestTransport::default();
    run(&low_stock(shop.stack(), &mailer), &shop, "2026-11-23T10:00:00Z").await;
    assert_eq!(mailer.recipients(), MANAGERS);

    let read: BTreeSet<_> =
        shop.stack().accesses().into_iter().filter(|access| access.function == "low-stock").collect();
    let kind = |partition: &str| partition.split_once(&shop.id).unwrap().1.to_owned();
    let read: BTreeSet<_> = read
        .iter()
        .filter(|access| access.action == "Query" || access.action == "BatchGetItem")
        .map(|access| (access.index.clone().unwrap_or_default(), kind(&access.partition)))
        .collect();
    let item = |kind: &str| (String::new(), kind.to_owned());
    let stock = format!("#STOCK#{main}");
    let expected = [
        item("#LOW"),
        item("#ORG"),
        item("#PRODUCT"),
        item(&stock),
        item("#USER"),
        item("#WAREHOUSE"),
        ("index-1".to_owned(), "#LOW".to_owned()),
    ];
    assert_eq!(read, BTreeSet::from(expected));
}

#[tokio::test]
async fn low_stock_removes_an_organization_without_low_levels_from_its_list() {
    let (shop, around) = shop().await;
    let (product, main) = cheese(&shop, 45).await;
    shop.take(&product, &main, 6).await.expect(201);
    run_locally(&around, "low-stock", "").await;
    shop.receive(&product, &main, 6).await.expect(201);

    let organizations = async || run_locally(&around, "low-stock", "").await.1["organizations"].clone();
    assert_eq!([organizations().await, organizations().await], [1, 1]);
    shop.stack().clock().advance(Duration::from_mins(61));
    assert_eq!([organizations().await, organizations().await], [1, 0]);
    shop.sign_in(shop.staff()).await.take(&product, &main, 6).await.expect(201);
    assert_eq!(organizations().await, 1);
    assert_eq!(mailed(&around).await.len(), 4);
}

#[tokio::test]
async fn concurrent_low_stock_runs_send_one_mail_per_recipient() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (product, main) = cheese(&shop, 45).await;
    for round in 0..10 {
        let time = format!("2026-11-23T{:02}:00:00Z", round + 10);
        shop.take(&product, &main, 10).await.expect(201);
        let mailer = TestTransport::default();
        at_once(&shop, &time, || low_stock(shop.stack(), &mailer)).await;
        assert_eq!(mailer.recipients(), MANAGERS, "round {round}");
        shop.receive(&product, &main, 10).await.expect(201);
    }
}

#[tokio::test]
async fn low_stock_with_a_future_time_suppresses_no_earlier_mail() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (product, main) = cheese(&shop, 30).await;
    let mailer = TestTransport::default();
    let job = low_stock(shop.stack(), &mailer);
    run(&job, &shop, "2027-06-01T00:00:00Z").await;
    shop.receive(&product, &main, 20).await.expect(201);
    shop.take(&product, &main, 20).await.expect(201);
    for _ in 0..2 {
        run(&job, &shop, "2026-11-23T10:00:00Z").await;
        assert_eq!(mailer.mails().len(), 4, "the second fall sends one mail");
    }
}

#[tokio::test]
async fn low_stock_gives_up_a_failing_mail_after_a_day() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (_, main) = cheese(&shop, 30).await;
    let never = TestTransport::planned([Fate::Throttled; 200]);
    let event = |time: &str| batch(&[due(Job::LowStock, &shop.id, time)]);
    for time in ["2026-11-23T10:00:00Z", "2026-11-24T09:59:00Z"] {
        assert_eq!(failed(&low_stock(shop.stack(), &never).handle(event(time)).await.unwrap()), ["0"]);
    }
    let butter = shop.product("BUTTER").with("min_stock_level", 5).await;
    shop.receive(&butter, &main, 1).await.expect(201);
    let mailer = TestTransport::default();
    run(&low_stock(shop.stack(), &mailer), &shop, "2026-11-24T10:00:00Z").await;
    assert_eq!(mailer.recipients(), MANAGERS);
    assert!(mailer.mails()[0].content.plain.contains("BUTTER"));
}

#[tokio::test]
async fn low_stock_removes_an_ended_organization_from_its_list_without_mail() {
    let (shop, around) = shop().await;
    cheese(&shop, 30).await;
    assert_eq!(mailed(&around).await, [], "it is entered into the list, and the job has not run");
    let path = format!("/api/v1/organizations/{}", shop.id);
    shop.admin().delete(path).query(&[("confirm", "acme")]).await.expect(202);
    let organizations = async || run_locally(&around, "low-stock", "").await.1["organizations"].clone();
    assert_eq!([organizations().await, organizations().await], [1, 0]);
    assert_eq!(mailed(&around).await, []);
}

#[tokio::test]
async fn low_stock_mails_active_managers_only_and_escapes_names() {
    let (shop, around) = shop().await;
    let hostile = "<script>alert(1)</script> =cmd|'/C calc'!A1";
    let product = shop.product("EVIL").with("name", hostile).with("min_stock_level", 4).await;
    let main = shop.warehouse("<b>Main</b>").await;
    shop.receive(&product, &main, 1).await.expect(201);
    let manager = format!("/api/v1/users/{}", shop.manager().id);
    shop.admin().patch(manager, json!({"status": "DISABLED"})).await.expect(200);
    run_locally(&around, "low-stock", "").await;
    let mails = items(&around, "/_local/mail.json").await;
    assert_eq!(mails.iter().map(|mail| mail["to"][0].as_str().unwrap()).collect::<Vec<_>>(), MANAGERS[..1]);
    let html = mails[0]["html"].as_str().unwrap();
    assert!(html.contains("&#60;script&#62;") && !html.contains("<script") && !html.contains("<b>Main"), "{html}");
}
