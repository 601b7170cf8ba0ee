//! Tests of the contents of emails.

use stockroom_domain::report::MovementTotals;

use super::{
    PurchaseRequestNews,
    fixtures::{Texts, extreme, levels, ordinary, purchase_request, total, weekly_report},
};
use crate::transport::Content;

/// Both forms of an email.
fn bodies(content: &Content) -> [&str; 2] {
    [&content.html, &content.plain]
}

fn submitted(prices: [Option<&str>; 3]) -> Content {
    let prices = prices.map(|price| price.map(str::to_owned)).to_vec();
    purchase_request(&Texts { prices, ..ordinary() }, PurchaseRequestNews::Submitted)
}

#[test]
fn submitted_request_shows_estimates_their_total_and_a_link() {
    let content = submitted([Some("18"), Some("1038.45"), None]);
    for body in bodies(&content) {
        for shown in ["2,160.00", "1,038.45", "124,614.00", "EUR 126,774.00", "no estimate"] {
            assert!(body.contains(shown), "{shown}: {body}");
        }
        assert!(body.contains("excludes 1 line that has no estimate"), "{body}");
        assert!(body.contains("https://northwind.stockroom.example.com/purchase-requests/"), "{body}");
    }
    let line = "- 120 kg x Chai, organic (NW-0001, for Seattle, main hall), at 18.00: 2,160.00\n";
    assert!(content.plain.contains(line), "{}", content.plain);
}

#[test]
fn submitted_request_without_prices_has_no_total() {
    for body in bodies(&submitted([None; 3])) {
        assert!(
            body.contains("no line has an estimate") && !body.contains("EUR 0") && !body.contains("excludes"),
            "{body}"
        );
    }
}

#[test]
fn submitted_request_with_all_prices_excludes_nothing() {
    for body in bodies(&submitted([Some("0"), Some("0.0001"), Some("3")])) {
        assert!(
            body.contains("EUR 360.01")
                && !body.contains("360.012")
                && !body.contains("excludes")
                && !body.contains("no estimate"),
            "{body}"
        );
    }
}

#[test]
fn submitted_request_with_a_total_beyond_the_limit_says_so() {
    let huge = Some("999999999999999");
    let prices = [huge; 3].map(|price| price.map(str::to_owned)).to_vec();
    let content = purchase_request(&Texts { prices, ..extreme() }, PurchaseRequestNews::Submitted);
    for body in bodies(&content) {
        assert!(body.contains("too large to show"), "{body}");
        assert!(body.contains("999,999,999,999,998,000,000,000,000,001.00"), "{body}");
    }
}

#[test]
fn every_email_about_a_request_has_its_link() {
    for news in [
        PurchaseRequestNews::Submitted,
        PurchaseRequestNews::Approved,
        PurchaseRequestNews::Rejected,
        PurchaseRequestNews::Received,
        PurchaseRequestNews::Closed,
    ] {
        let content = purchase_request(&ordinary(), news);
        let url = "https://northwind.stockroom.example.com/purchase-requests/";
        assert!(content.html.contains(&format!("href=\"{url}")) && content.plain.contains(url), "{news:?}");
    }
}

#[test]
fn received_request_shows_no_zeros() {
    let content = purchase_request(&ordinary(), PurchaseRequestNews::Received);
    for body in bodies(&content) {
        for shown in ["all arrived", "2 arrived", "118 still to arrive", "still to arrive"] {
            assert!(body.contains(shown), "{shown}: {body}");
        }
        assert!(!body.contains(" closed") && !body.contains("0 arrived"), "{body}");
        assert!(!body.contains(">0<") && !body.contains("- 0 "), "{body}");
    }
    let closed = purchase_request(&ordinary(), PurchaseRequestNews::Closed);
    assert!(bodies(&closed).iter().all(|body| body.contains("all closed")));
}

#[test]
fn notes_and_reasons_are_quotations() {
    let rejected = purchase_request(&extreme(), PurchaseRequestNews::Rejected);
    let (before, quotations) = rejected.plain.split_once("Reason. ").unwrap();
    let (quotations, _) = quotations.split_once("\n\n3 lines").unwrap();
    assert!(!before.contains("Approved") && !before.contains("Sign in"), "{before}");
    for line in quotations.lines().filter(|line| !line.is_empty()) {
        let is_source = line.ends_with("wrote:") || line.starts_with("Notes. Written in the request of \u{201c}Your");
        assert!(is_source || line.starts_with('>') && line.chars().count() <= 74, "{line}");
    }
    assert_eq!(rejected.html.matches("<blockquote").count(), 2);
    assert!(rejected.html.contains("&#60;h1&#62;Approved") && !rejected.html.contains("href=\"https://evil"));
}

#[test]
fn name_that_could_be_a_sentence_is_quoted() {
    for news in [PurchaseRequestNews::Submitted, PurchaseRequestNews::Closed] {
        let content = purchase_request(&extreme(), news);
        for text in [&content.subject, &content.html, &content.plain] {
            let count = |name: &str| text.matches(name).count();
            assert_eq!(count("Your account is locked"), count("\u{201c}Your account is locked"), "{text}");
        }
        assert!(content.subject.chars().count() < 120, "{}", content.subject);
    }
}

#[test]
fn weekly_report_has_a_sentence_instead_of_zeros() {
    let report = |week: MovementTotals, before| weekly_report(&ordinary(), week, before, levels(&ordinary()));
    let idle = MovementTotals::default();
    let issued = MovementTotals { movements: 3, issued: total("12"), ..idle };
    let found = MovementTotals { movements: 1, found: total("2"), ..idle };
    for (week, before, sentences) in [
        (
            issued,
            idle,
            &[
                "3 movements were recorded, after none the week before.",
                "Nothing was received, transferred or adjusted.",
            ][..],
        ),
        (
            issued,
            found,
            &["3 movements were recorded, after 1 the week before.", "Nothing was received or transferred."],
        ),
        (
            idle,
            found,
            &["No movement was recorded, after 1 the week before.", "Nothing was received, issued or transferred."],
        ),
        (idle, idle, &["No movement was recorded in this week or the week before."]),
    ] {
        for body in bodies(&report(week, before)) {
            for sentence in sentences {
                assert!(body.contains(sentence), "{sentence}: {body}");
            }
            assert!(!body.contains("Transferred") && (sentences.len() > 1 || !body.contains("Nothing was")), "{body}");
        }
    }
}

#[test]
fn low_level_shows_the_usual_order_of_its_product() {
    let content = weekly_report(&ordinary(), MovementTotals::default(), MovementTotals::default(), levels(&ordinary()));
    for body in bodies(&content) {
        assert_eq!(body.matches("Usual order: 120").count(), 2, "{body}");
        assert_eq!(body.matches("Usual order").count(), 2);
    }
}
