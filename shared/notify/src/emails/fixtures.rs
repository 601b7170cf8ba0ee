//! Emails of every kind, with ordinary and with extreme texts. `.ci/browser` shows them in a browser.

use std::{path::PathBuf, time::Duration};

use stockroom_domain::{
    id::{Id, OrganizationId, ProductId, PurchaseRequestId, PurchaseRequestItemId, UserId, WarehouseId},
    organization::{Organization, OrganizationStatus},
    purchasing::{PurchaseRequest, PurchaseRequestDraft, PurchaseRequestItem, PurchaseRequestNumber, Transition},
    quantity::Quantity,
    report::{MovementTotals, Total, Week},
    time::Timestamp,
    user::Person,
};
use stockroom_runtime::Purpose;
use stockroom_store::{Excerpt, LevelView, LowStock};

use super::{
    AddressNews, ContentKind, LinkEmail, LowStockEmail, NoticeEmail, PurchaseRequestEmail, PurchaseRequestNews,
    WeeklyReportEmail,
};
use crate::transport::Content;

/// The texts and numbers of a set of emails.
pub(super) struct Texts {
    pub(super) organization: String,
    pub(super) person: String,
    pub(super) decider: String,
    pub(super) email: String,
    pub(super) products: Vec<(String, String)>,
    pub(super) warehouse: String,
    pub(super) supplier: String,
    pub(super) unit: String,
    pub(super) quantity: String,
    pub(super) prices: Vec<Option<String>>,
    pub(super) notes: String,
    pub(super) reason: String,
}

pub(super) fn ordinary() -> Texts {
    let products = [
        ("Chai, organic", "NW-0001"),
        ("Queso Manchego La Pastora, matured for 12 months", "NW-0012"),
        ("Jack's New England Clam Chowder", "NW-0041"),
    ];
    Texts {
        organization: "Northwind Traders".to_owned(),
        person: "Nancy Davolio".to_owned(),
        decider: "Steven Buchanan".to_owned(),
        email: "nancy@northwind.example".to_owned(),
        products: products.map(|(name, sku)| (name.to_owned(), sku.to_owned())).to_vec(),
        warehouse: "Seattle, main hall".to_owned(),
        supplier: "Cooperativa de Quesos 'Las Cabras'".to_owned(),
        unit: "kg".to_owned(),
        quantity: "120".to_owned(),
        prices: vec![Some("18".to_owned()), Some("1038.45".to_owned()), None],
        notes: "The fair is on 12 December.\nPlease order before the end of the week.\n\nThank you!".to_owned(),
        reason: "The fair was moved to spring.\nPlease ask again in February.".to_owned(),
    }
}

/// The longest and most hostile texts that users can enter, without a place to break a line.
pub(super) fn extreme() -> Texts {
    let lure = "Your account is locked. Call 555-0100 or open https://evil.example/unlock?a=b at once! ";
    let notes = format!(
        "Stockroom\n=========\n\nPR-00007 was approved\n\n<h1>Approved</h1>\n\n\n\nSign in at \
         https://evil.example/{}\n> {}\n{}",
        "w".repeat(300),
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd} ".repeat(20),
        "M".repeat(900),
    );
    Texts {
        organization: "W".repeat(200),
        email: format!("{}@{}.example", "w".repeat(64), ["w".repeat(60).as_str(); 3].join(".")),
        person: lure.repeat(3).chars().take(190).collect(),
        decider: format!("{}\u{5e9}\u{5dc}\u{5d5}\u{5dd}", "W".repeat(190)),
        products: vec![
            ("W".repeat(200), "W".repeat(64)),
            ("\u{1f469}\u{200d}\u{1f52c}".repeat(60), "M".repeat(64)),
            ("<h1>Approved</h1><script>alert(1)</script>".to_owned(), "<img-src=x-onerror=alert(1)>".to_owned()),
        ],
        warehouse: "M".repeat(200),
        supplier: "W".repeat(200),
        unit: "W".repeat(20),
        quantity: "999999999999999".to_owned(),
        prices: vec![Some("999999999999999".to_owned()), Some("99999999999.9999".to_owned()), None],
        reason: notes.chars().take(1_000).collect(),
        notes,
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-24T09:30:00Z")
}

pub(super) fn organization(texts: &Texts) -> Organization {
    Organization {
        id: OrganizationId::from_parts(now(), [1; 10]),
        version: 1,
        name: texts.organization.parse().unwrap(),
        subdomain: "northwind".parse().unwrap(),
        currency: "EUR".parse().unwrap(),
        status: OrganizationStatus::Active,
        created_at: now(),
        updated_at: now(),
        deleted_at: None,
    }
}

fn person(texts: &Texts) -> Person {
    Person { id: UserId::from_parts(now(), [2; 10]), full_name: texts.person.parse().unwrap() }
}

fn decider(texts: &Texts) -> Person {
    Person { id: UserId::from_parts(now(), [3; 10]), full_name: texts.decider.parse().unwrap() }
}

fn product(index: usize) -> ProductId {
    ProductId::from_parts(now(), [u8::try_from(index).unwrap(); 10])
}

/// A submitted request.
pub(super) fn request(texts: &Texts) -> PurchaseRequest {
    let id = PurchaseRequestId::from_parts(now(), [4; 10]);
    let item = |(index, (name, sku)): (usize, &(String, String))| PurchaseRequestItem {
        id: PurchaseRequestItemId::of(product(index), id),
        product_id: product(index),
        sku: sku.parse().unwrap(),
        product_name: name.parse().unwrap(),
        unit: Some(texts.unit.parse().unwrap()),
        quantity: texts.quantity.parse().unwrap(),
        received_quantity: Quantity::ZERO,
        cancelled_quantity: Quantity::ZERO,
        estimated_price: texts.prices[index].as_ref().map(|price| price.parse().unwrap()),
        supplier_id: None,
        supplier_name: (index == 1).then(|| texts.supplier.parse().unwrap()),
        warehouse_id: None,
        warehouse_name: Some(texts.warehouse.parse().unwrap()),
        released: false,
    };
    let draft = PurchaseRequestDraft {
        id,
        request_number: PurchaseRequestNumber(7),
        notes: Some(texts.notes.parse().unwrap()),
        items: texts.products.iter().enumerate().map(item).collect(),
        created_by: person(texts),
    };
    let draft = PurchaseRequest::draft(draft, "EUR".parse().unwrap(), now());
    after(&draft, texts, &[Transition::Submit])
}

fn after(request: &PurchaseRequest, texts: &Texts, transitions: &[Transition]) -> PurchaseRequest {
    let by = decider(texts);
    transitions.iter().fold(request.clone(), |request, next| request.apply(next, &by, now()).unwrap())
}

/// The email about a request in the state of the news.
pub(super) fn purchase_request(texts: &Texts, news: PurchaseRequestNews) -> Content {
    let submitted = request(texts);
    let ordered = || after(&submitted, texts, &[Transition::Approve, Transition::MarkOrdered]);
    let in_part = || {
        let mut request = ordered();
        request.items[0].received_quantity = request.items[0].quantity;
        request.items[1].received_quantity = Quantity::from(2);
        request
    };
    let request = match news {
        PurchaseRequestNews::Submitted => submitted.clone(),
        PurchaseRequestNews::Approved => after(&submitted, texts, &[Transition::Approve]),
        PurchaseRequestNews::Rejected => after(&submitted, texts, &[Transition::Reject(texts.reason.parse().unwrap())]),
        PurchaseRequestNews::Received => in_part(),
        PurchaseRequestNews::Closed => {
            let reason = Some(texts.reason.parse().unwrap());
            let line = [in_part().items[2].id];
            in_part().close(Some(&line), reason, &decider(texts), now()).unwrap()
        }
    };
    let url = format!("https://northwind.stockroom.example.com/purchase-requests/{}", request.id);
    PurchaseRequestEmail { organization: &organization(texts), request: &request, news, url: &url }.content().unwrap()
}

pub(super) fn levels(texts: &Texts) -> Vec<LevelView> {
    let level = |(index, (name, sku)): (usize, &(String, String))| LevelView {
        product_id: product(index),
        sku: sku.parse().unwrap(),
        product_name: name.parse().unwrap(),
        unit: texts.unit.parse().unwrap(),
        warehouse_id: WarehouseId::from_parts(now(), [6; 10]),
        warehouse_name: texts.warehouse.parse().unwrap(),
        on_hand: Quantity::from(u32::try_from(index).unwrap() * 7),
        min_stock_level: texts.quantity.parse().unwrap(),
        updated_at: now(),
        low_since: Some(now()),
        reorder_quantity: (index < 2).then(|| texts.quantity.parse().unwrap()),
    };
    texts.products.iter().enumerate().map(level).collect()
}

fn low_stock(texts: &Texts) -> Content {
    let low = LowStock { at: now(), levels: levels(texts), fresh: 3, count: 18, more: 12, is_reminder: false };
    LowStockEmail { organization: &organization(texts), low: &low }.content().unwrap()
}

/// A report with these movements in the week and the week before.
pub(super) fn weekly_report(
    texts: &Texts,
    totals: MovementTotals,
    before: MovementTotals,
    low: Vec<LevelView>,
) -> Content {
    let low = Excerpt { count: low.len() * 2, first: low };
    let waiting = Excerpt { count: 3, first: vec![request(texts)] };
    let email = WeeklyReportEmail {
        organization: &organization(texts),
        week: Week::before(now()),
        totals,
        before,
        low: &low,
        waiting: &waiting,
        now: now().plus(Duration::from_hours(50)),
    };
    email.content().unwrap()
}

pub(super) fn total(literal: &str) -> Total {
    Total::ZERO.plus(literal.parse().unwrap())
}

fn link(texts: &Texts, purpose: Purpose) -> Content {
    let page = if purpose.sets_password() { "reset" } else { "confirm" };
    let url = &format!("https://stockroom.example.com/{page}?token={}", "hT7_vQ2x-Lk9".repeat(11));
    let sign_in = "https://northwind.stockroom.example.com";
    let (organization, name) = (&organization(texts), texts.person.as_str());
    LinkEmail { organization, purpose, name, url, sign_in }.content().unwrap()
}

fn notice(texts: &Texts, news: AddressNews) -> Content {
    let sign_in = "https://northwind.stockroom.example.com";
    let (organization, name, by, new) = (&organization(texts), &texts.person, &texts.decider, Some(&*texts.email));
    NoticeEmail { news, organization, name, new, by, sign_in }.content().unwrap()
}

/// The email of a kind. A new kind does not compile without its fixture.
fn email(kind: ContentKind, texts: &Texts) -> Content {
    match kind {
        ContentKind::Invitation => link(texts, Purpose::Invitation),
        ContentKind::PasswordReset => link(texts, Purpose::PasswordReset),
        ContentKind::EmailChange => link(texts, Purpose::EmailChange),
        ContentKind::Welcome => link(texts, Purpose::Welcome),
        ContentKind::EmailChangeNotice => notice(texts, AddressNews::Requested),
        ContentKind::EmailChangedNotice => notice(texts, AddressNews::Changed),
        ContentKind::PurchaseRequestSubmitted => purchase_request(texts, PurchaseRequestNews::Submitted),
        ContentKind::PurchaseRequestApproved => purchase_request(texts, PurchaseRequestNews::Approved),
        ContentKind::PurchaseRequestRejected => purchase_request(texts, PurchaseRequestNews::Rejected),
        ContentKind::PurchaseRequestReceived => purchase_request(texts, PurchaseRequestNews::Received),
        ContentKind::PurchaseRequestClosed => purchase_request(texts, PurchaseRequestNews::Closed),
        ContentKind::LowStock => low_stock(texts),
        ContentKind::WeeklyReport => {
            let large = total(&texts.quantity);
            let week = MovementTotals { movements: 84, received: large, issued: total("1204.5"), ..busy(large) };
            weekly_report(
                texts,
                week,
                MovementTotals { movements: 31, issued: large, ..MovementTotals::default() },
                levels(texts),
            )
        }
    }
}

fn busy(large: Total) -> MovementTotals {
    MovementTotals { found: large, lost: total("3"), ..MovementTotals::default() }
}

/// A name in lower case with hyphens: `weekly-report`.
fn file_name(kind: ContentKind) -> String {
    let letters = format!("{kind:?}").chars().collect::<Vec<_>>();
    let words = letters.iter().map(|c| if c.is_uppercase() { format!("-{}", c.to_lowercase()) } else { c.to_string() });
    words.collect::<String>().trim_start_matches('-').to_owned()
}

fn all() -> Vec<(String, Content)> {
    let mut all = Vec::new();
    for (set, texts) in [("ordinary", ordinary()), ("extreme", extreme())] {
        for kind in ContentKind::ALL {
            all.push((format!("{}-{set}", file_name(*kind)), email(*kind, &texts)));
        }
    }
    let idle = weekly_report(&ordinary(), MovementTotals::default(), MovementTotals::default(), Vec::new());
    all.push(("weekly-report-idle".to_owned(), idle));
    all
}

/// The directory for the emails, if there is one.
#[expect(clippy::disallowed_methods, reason = "the script that runs the browser names the directory")]
fn directory() -> Option<PathBuf> {
    std::env::var_os("MAIL_FIXTURES").map(PathBuf::from)
}

#[test]
fn fixtures_of_every_kind_are_written() {
    let directory = directory();
    let all = all();
    for (name, content) in &all {
        for text in [&content.subject, &content.html, &content.plain] {
            assert!(!text.is_empty(), "{name}");
        }
        assert!(!content.html.contains("<script") && !content.html.contains("<h1>Approved"), "{name}");
        if let Some(directory) = &directory {
            std::fs::write(directory.join(format!("{name}.html")), &content.html).unwrap();
            std::fs::write(directory.join(format!("{name}.txt")), &content.plain).unwrap();
        }
    }
    for kind in ContentKind::ALL {
        assert_eq!(all.iter().filter(|(_, content)| content.kind == *kind).count().min(2), 2, "{kind:?}");
    }
}
