//! Mails with a link, notices, and the mail that an unconfirmed organization does not send.

use std::time::Duration;

use serde_json::{Value, json};
use stockroom_domain::source::Sources;
use stockroom_harness::{Client, PASSWORD, Shop, Stack};
use stockroom_notifications::Notifier;
use stockroom_notify::Message;

use super::{TestBus, TestTransport, delivered, relay};

const FORGOT: &str = "/api/v1/auth/password/forgot";
const CONFIRM: &str = "/api/v1/auth/email/confirm";

/// A stack, and the mailer of its notifications.
struct MailStack {
    stack: Stack,
    mailer: TestTransport,
    settings: Vec<(&'static str, &'static str)>,
}

impl MailStack {
    async fn open() -> Self {
        Self { stack: Stack::start().await, mailer: TestTransport::default(), settings: Vec::new() }
    }

    /// Delivers all events so far, as a bus may; returns the mails that were sent.
    async fn deliver(&self) -> Vec<Message> {
        let before = self.mailer.mails().len();
        let process = self.stack.another_process_with(self.stack.clock().clone(), &self.settings);
        let notifier = Notifier::new(process.runtime(), self.mailer.clone()).unwrap();
        let bus = TestBus::default();
        let sources: &Sources = &self.stack.runtime().sources;
        stockroom_relay::relay(&bus, sources, json!({"Records": relay::records_of(&self.stack)})).await;
        for event in delivered(&bus) {
            notifier.notify(event).await.unwrap();
        }
        let mut sent = self.mailer.mails().split_off(before);
        sent.sort_by_key(|mail| (mail.to.email().to_string(), mail.content.subject.clone()));
        sent
    }

    async fn sign_up(&self, subdomain: &str, name: &str, email: &str) -> Client {
        let visitor = Client::of(&self.stack).with_tenant(subdomain);
        let admin = json!({"email": email, "full_name": "The Admin", "password": PASSWORD});
        let body = json!({"name": name, "subdomain": subdomain, "admin": admin});
        visitor.post("/api/v1/organizations", body).await.expect(201);
        let tokens = visitor.log_in(email, PASSWORD).await.expect(200).json();
        visitor.with_token(tokens["access_token"].as_str().unwrap())
    }
}

fn recipients(mails: &[Message]) -> Vec<String> {
    mails.iter().map(|mail| mail.to.email().to_string()).collect()
}

/// The token of the link in a mail.
fn token(mail: &Message) -> String {
    let (_, rest) = mail.content.plain.split_once("?token=").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

fn user(email: &str) -> Value {
    json!({"email": email, "full_name": "Somebody", "role": "STAFF"})
}

#[tokio::test]
async fn mail_of_an_unconfirmed_organization_goes_to_its_first_admin_only() {
    let mail_stack = MailStack::open().await;
    let admin = mail_stack.sign_up("acme", "Acme", "admin@acme.example").await;
    for n in 0..3 {
        admin.post("/api/v1/users", user(&format!("stranger-{n}@elsewhere.example"))).await.expect(201);
    }
    let with_password = |email: &str| {
        let mut body = user(email);
        body["password"] = json!(PASSWORD);
        body["role"] = json!("MANAGER");
        body
    };
    let other = admin.post("/api/v1/users", with_password("other@elsewhere.example")).await.expect(201).id();
    admin.patch(format!("/api/v1/users/{other}"), json!({"email": "another@elsewhere.example"})).await.expect(200);
    for email in ["another@elsewhere.example", "admin@acme.example"] {
        admin.without_tenant().with_tenant("acme").post(FORGOT, json!({ "email": email })).await.expect(202);
    }
    let product = admin.post("/api/v1/products", json!({"sku": "S", "name": "Buy this"})).await.expect(201).id();
    let lines = json!({"items": [{"product_id": product, "quantity": 1}]});
    let request = admin.post("/api/v1/purchase-requests", lines).await.expect(201).id();
    admin.post(format!("/api/v1/purchase-requests/{request}/submit"), json!({})).await.expect(200);

    let sent = mail_stack.deliver().await;
    assert_eq!(recipients(&sent), ["admin@acme.example"; 2], "welcome and forgotten password, no news");
    let welcome = sent.iter().find(|mail| mail.content.plain.contains("/confirm?token=")).unwrap();
    let link = token(welcome);
    for said in ["http://acme.example.com", "acme", "Next steps", "Invite the users", "Add warehouses and products"] {
        assert!(welcome.content.plain.contains(said) && welcome.content.html.contains(said), "{said}");
    }
    assert_eq!(mail_stack.deliver().await.len(), 0);

    // From then on it can mail everyone; earlier invitations are sent once each.
    Client::of(&mail_stack.stack).post(CONFIRM, json!({ "token": link })).await.expect(204);
    let mut late = recipients(&mail_stack.deliver().await);
    late.retain(|email| email.starts_with("stranger"));
    assert_eq!(late, (0..3).map(|n| format!("stranger-{n}@elsewhere.example")).collect::<Vec<_>>());
    assert_eq!(mail_stack.deliver().await.len(), 0);
    admin.post("/api/v1/users", user("one-more@elsewhere.example")).await.expect(201);
    assert_eq!(recipients(&mail_stack.deliver().await), ["one-more@elsewhere.example"]);
}

#[tokio::test]
async fn confirmation_of_an_organization_sends_no_expired_invitations() {
    let mail_stack = MailStack::open().await;
    let admin = mail_stack.sign_up("acme", "Acme", "admin@acme.example").await;
    admin.post("/api/v1/users", user("old@elsewhere.example")).await.expect(201);
    mail_stack.stack.clock().advance(Duration::from_hours(7 * 24));
    let visitor = Client::of(&mail_stack.stack).with_tenant("acme");
    let tokens = visitor.log_in("admin@acme.example", PASSWORD).await.expect(200).json();
    let admin = visitor.with_token(tokens["access_token"].as_str().unwrap());
    admin.post("/api/v1/users", user("new@elsewhere.example")).await.expect(201);
    admin.request(http::Method::POST, "/api/v1/users/me/email/confirmation").await.expect(202);
    let sent = mail_stack.deliver().await;
    assert_eq!(recipients(&sent), ["admin@acme.example"]);
    visitor.post(CONFIRM, json!({"token": token(&sent[0])})).await.expect(204);
    assert_eq!(recipients(&mail_stack.deliver().await), ["new@elsewhere.example"]);
}

#[tokio::test]
async fn change_of_own_address_mails_a_link_to_the_new_and_a_notice_to_the_old_one() {
    let mail_stack = MailStack::open().await;
    let shop = Shop::open(&mail_stack.stack, "acme").await;
    mail_stack.deliver().await;
    let change = json!({"email": "sam@elsewhere.example", "current_password": PASSWORD});
    shop.staff().patch("/api/v1/users/me", change).await.expect(200);
    let sent = mail_stack.deliver().await;
    assert_eq!(recipients(&sent), ["sam@elsewhere.example", "staff@acme.example"]);
    assert!(!sent[1].content.plain.contains("token=") && !sent[1].content.html.contains("token="));
    for said in ["s… at elsewhere [dot] example", "Change it now", "acme.example.com"] {
        assert!(
            sent[1].content.plain.contains(said) && sent[1].content.html.contains(said),
            "{said}: {}",
            sent[1].content.plain
        );
    }
    shop.anonymous().post(CONFIRM, json!({"token": token(&sent[0])})).await.expect(204);
    let notice = mail_stack.deliver().await;
    assert_eq!(recipients(&notice), ["staff@acme.example"]);
    assert!(notice[0].content.plain.contains("was changed to s… at elsewhere [dot] example by The staff"));
}

#[tokio::test]
async fn notice_of_an_address_made_of_a_link_shows_no_link() {
    let mail_stack = MailStack::open().await;
    let shop = Shop::open(&mail_stack.stack, "acme").await;
    mail_stack.deliver().await;
    let mut sent = Vec::new();
    for lure in ["http.//www.evil.example/win@evil.example", "www.evil.example@evil.example"] {
        shop.staff().patch("/api/v1/users/me", json!({"email": lure, "current_password": PASSWORD})).await.expect(200);
        sent.extend(mail_stack.deliver().await);
    }
    let path = format!("/api/v1/users/{}", shop.manager().id);
    shop.admin().patch(path, json!({"email": "http.//www.evil.example/win@evil.example"})).await.expect(200);
    sent.extend(mail_stack.deliver().await);
    let notices: Vec<_> = sent.into_iter().filter(|mail| mail.to.email().as_str().ends_with("@acme.example")).collect();
    assert_eq!(notices.len(), 3);
    for Message { content, .. } in notices {
        for body in [content.plain, content.html] {
            assert!(body.contains("at evil [dot] example") && !body.contains("evil.example"), "{body}");
        }
    }
}

#[tokio::test]
async fn unconfirmed_organization_whose_admins_replace_each_other_mails_few_strangers() {
    let mut mail_stack = MailStack::open().await;
    mail_stack.settings = vec![("LIMIT_LINK_MAILS", "")];
    let mut admin = mail_stack.sign_up("acme", "Acme", "admin@acme.example").await;
    let visitor = Client::of(&mail_stack.stack).with_tenant("acme");
    for n in 0..12 {
        let me = admin.get("/api/v1/users/me").await.expect(200).id();
        let email = format!("stranger-{n}@elsewhere.example");
        let next = json!({"email": email, "full_name": "Stranger", "role": "ADMIN", "password": PASSWORD});
        admin.post("/api/v1/users", next).await.expect(201);
        let tokens = visitor.log_in(&email, PASSWORD).await.expect(200).json();
        admin = visitor.with_token(tokens["access_token"].as_str().unwrap());
        admin.delete(format!("/api/v1/users/{me}")).await.expect(204);
        admin.request(http::Method::POST, "/api/v1/users/me/email/confirmation").await.expect(202);
        // No other mail goes to the successor.
        visitor.post(FORGOT, json!({ "email": email })).await.expect(202);
        assert!(mail_stack.deliver().await.len() <= 1);
    }
    let all = recipients(&mail_stack.mailer.mails());
    assert_eq!(all.len(), 3, "{all:?}");
}

#[tokio::test]
async fn unconfirmed_organizations_do_not_use_up_the_mailbox_of_a_confirmed_account() {
    let mut mail_stack = MailStack::open().await;
    mail_stack.settings = vec![("LIMIT_MAILBOX", ""), ("LIMIT_LINK_MAILS", "")];
    let shop = Shop::open(&mail_stack.stack, "acme").await;
    mail_stack.deliver().await;
    for n in 0..12 {
        mail_stack.sign_up(&format!("org-{n}"), "Some company", &shop.staff().email).await;
    }
    assert_eq!(mail_stack.deliver().await.len(), 3);
    // Other confirmed organizations do not use up the account's reset mails either.
    let globex = Shop::open(&mail_stack.stack, "globex").await;
    mail_stack.deliver().await;
    let mut invitations = 0;
    for _ in 0..12 {
        let invited = globex.admin().post("/api/v1/users", user(&shop.staff().email)).await.expect(201).id();
        invitations += mail_stack.deliver().await.len();
        globex.admin().delete(format!("/api/v1/users/{invited}")).await.expect(204);
    }
    assert_eq!(invitations, 10);
    shop.anonymous().post(FORGOT, json!({"email": shop.staff().email})).await.expect(202);
    assert_eq!(recipients(&mail_stack.deliver().await), [&*shop.staff().email]);
}

#[tokio::test]
async fn notices_to_one_mailbox_are_few_and_the_first_of_each_user_passes() {
    let mut mail_stack = MailStack::open().await;
    mail_stack.settings = vec![("LIMIT_LINK_MAILS", "")];
    let shop = Shop::open(&mail_stack.stack, "acme").await;
    mail_stack.deliver().await;
    for n in 0..6 {
        let path = format!("/api/v1/users/{}", shop.manager().id);
        shop.admin().patch(&path, json!({"email": format!("n{n}@elsewhere.example")})).await.expect(200);
        shop.admin().patch(&path, json!({"email": "victim@elsewhere.example"})).await.expect(200);
    }
    shop.admin()
        .patch(format!("/api/v1/users/{}", shop.staff().id), json!({"email": "new@elsewhere.example"}))
        .await
        .expect(200);
    let all = recipients(&mail_stack.deliver().await);
    let of = |email: &str| all.iter().filter(|recipient| *recipient == email).count();
    assert_eq!((of("victim@elsewhere.example"), of(&shop.staff().email), of(&shop.manager().email)), (3, 1, 1));
}

#[tokio::test]
async fn invited_user_who_is_enabled_again_gets_another_invitation() {
    let mail_stack = MailStack::open().await;
    let shop = Shop::open(&mail_stack.stack, "acme").await;
    let invited = shop.admin().post("/api/v1/users", user("sam@elsewhere.example")).await.expect(201).id();
    let first = token(&mail_stack.deliver().await[0]);
    let path = format!("/api/v1/users/{invited}");
    for status in ["DISABLED", "ACTIVE"] {
        shop.admin().patch(&path, json!({ "status": status })).await.expect(200);
    }
    let reset = |token: &str| {
        let body = json!({"token": token, "password": "canary-swept-floors-and-labels"});
        Client::of(&mail_stack.stack).post("/api/v1/auth/password/reset", body)
    };
    reset(&first).await.expect(400);
    let sent = mail_stack.deliver().await;
    assert_eq!(recipients(&sent), ["sam@elsewhere.example"]);
    reset(&token(&sent[0])).await.expect(204);
    // A user with a password needs no invitation.
    for status in ["DISABLED", "ACTIVE"] {
        shop.admin().patch(&path, json!({ "status": status })).await.expect(200);
    }
    assert!(mail_stack.deliver().await.is_empty());
    mail_stack.stack.check_invariants();
}

#[tokio::test]
async fn void_links_are_not_mailed() {
    let mail_stack = MailStack::open().await;
    let shop = Shop::open(&mail_stack.stack, "acme").await;
    mail_stack.deliver().await;
    for email in ["a@elsewhere.example", "b@elsewhere.example"] {
        shop.staff().patch("/api/v1/users/me", json!({"email": email, "current_password": PASSWORD})).await.expect(200);
    }
    shop.anonymous().post(FORGOT, json!({"email": shop.manager().email})).await.expect(202);
    let path = format!("/api/v1/users/{}", shop.manager().id);
    shop.admin().patch(path, json!({"email": "m@elsewhere.example"})).await.expect(200);
    let sent = recipients(&mail_stack.deliver().await);
    assert_eq!(sent, ["b@elsewhere.example", "manager@acme.example", "staff@acme.example"]);
}

#[tokio::test]
async fn correction_of_an_invited_address_mails_a_new_link_and_a_short_notice() {
    let mail_stack = MailStack::open().await;
    let shop = Shop::open(&mail_stack.stack, "acme").await;
    let invited = shop.admin().post("/api/v1/users", user("wrong@elsewhere.example")).await.expect(201).id();
    mail_stack.deliver().await;
    let path = format!("/api/v1/users/{invited}");
    shop.admin().patch(path, json!({"email": "right@elsewhere.example"})).await.expect(200);
    let sent = mail_stack.deliver().await;
    assert_eq!(recipients(&sent), ["right@elsewhere.example", "wrong@elsewhere.example"]);
    assert!(!sent[1].content.plain.contains("right@"), "the recipient may be a stranger");
    let body = json!({"token": token(&sent[0]), "password": "canary-swept-floors-and-labels"});
    Client::of(&mail_stack.stack).post("/api/v1/auth/password/reset", body).await.expect(204);
}

#[tokio::test]
async fn subject_with_a_hostile_name_has_no_link_and_no_line_break() {
    for (subdomain, name, seen) in [
        ("one", "http://evil.example", "evil example"),
        ("two", "Win: evil.example/x", "\u{201c}Win: evil example x\u{201d}"),
        ("three", "me@evil.example", "me evil example"),
    ] {
        let mail_stack = MailStack::open().await;
        mail_stack.sign_up(subdomain, name, "victim@elsewhere.example").await;
        let sent = mail_stack.deliver().await;
        assert_eq!(sent[0].content.subject, format!("Welcome to Stockroom, {seen}"));
        assert!(!sent[0].content.plain.contains("evil.example") && !sent[0].content.html.contains("evil.example"));
    }
}

#[tokio::test]
async fn sign_ups_with_one_address_send_at_most_three_mails() {
    let mut mail_stack = MailStack::open().await;
    mail_stack.settings = vec![("LIMIT_MAILBOX", ""), ("LIMIT_LINK_MAILS", "")];
    for n in 0..14 {
        mail_stack.sign_up(&format!("org-{n}"), "Some company", "Victim@Elsewhere.example").await;
    }
    mail_stack.sign_up("another", "Some company", "another@elsewhere.example").await;
    let sent = recipients(&mail_stack.deliver().await);
    assert_eq!(sent.iter().filter(|email| email.starts_with("Victim")).count(), 3);
    assert_eq!(sent.len(), 4);
    assert_eq!(mail_stack.deliver().await.len(), 0);
}
