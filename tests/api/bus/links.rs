//! Mails with a link, notices, and the mail that an unconfirmed organization does not send.

use std::time::Duration;

use serde_json::{Value, json};
use stockroom_domain::source::Sources;
use stockroom_harness::{Client, PASSWORD, Shop, Stack};
use stockroom_notifications::Notifier;
use stockroom_notify::Mail;

use super::{TestBus, TestMailer, delivered, relay};

const FORGOT: &str = "/api/v1/auth/password/forgot";
const CONFIRM: &str = "/api/v1/auth/email/confirm";

/// A stack, and the mailer of its notifications.
struct Post {
    stack: Stack,
    mailer: TestMailer,
    settings: Vec<(&'static str, &'static str)>,
}

impl Post {
    async fn open() -> Self {
        Self { stack: Stack::start().await, mailer: TestMailer::default(), settings: Vec::new() }
    }

    /// Delivers every event there ever was, as a bus may; gives the mails that this sent.
    async fn deliver(&self) -> Vec<Mail> {
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
        sent.sort_by_key(|mail| (mail.to.email().to_string(), mail.text.subject.clone()));
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

fn recipients(mails: &[Mail]) -> Vec<String> {
    mails.iter().map(|mail| mail.to.email().to_string()).collect()
}

/// The token of the link in a mail.
fn token(mail: &Mail) -> String {
    let (_, rest) = mail.text.plain.split_once("?token=").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

fn user(email: &str) -> Value {
    json!({"email": email, "full_name": "Somebody", "role": "STAFF"})
}

#[tokio::test]
async fn mail_of_an_unconfirmed_organization_goes_to_its_first_admin_only() {
    let post = Post::open().await;
    let admin = post.sign_up("acme", "Acme", "admin@acme.example").await;
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

    let sent = post.deliver().await;
    assert_eq!(recipients(&sent), ["admin@acme.example"; 3], "welcome, forgotten password, request");
    let welcome = sent.iter().find(|mail| mail.text.plain.contains("/confirm?token=")).unwrap();
    let link = token(welcome);
    for said in ["http://acme.example.com", "acme"] {
        assert!(welcome.text.plain.contains(said) && welcome.text.html.contains(said), "{said}");
    }
    assert_eq!(post.deliver().await.len(), 0);

    // From then on it writes to everyone; the invitations of before are sent, each once.
    Client::of(&post.stack).post(CONFIRM, json!({ "token": link })).await.expect(204);
    let mut late = recipients(&post.deliver().await);
    late.retain(|email| email.starts_with("stranger"));
    assert_eq!(late, (0..3).map(|n| format!("stranger-{n}@elsewhere.example")).collect::<Vec<_>>());
    assert_eq!(post.deliver().await.len(), 0);
    admin.post("/api/v1/users", user("one-more@elsewhere.example")).await.expect(201);
    assert_eq!(recipients(&post.deliver().await), ["one-more@elsewhere.example"]);
}

#[tokio::test]
async fn confirmation_of_an_organization_sends_no_expired_invitations() {
    let post = Post::open().await;
    let admin = post.sign_up("acme", "Acme", "admin@acme.example").await;
    admin.post("/api/v1/users", user("old@elsewhere.example")).await.expect(201);
    post.stack.clock().advance(Duration::from_hours(7 * 24));
    let visitor = Client::of(&post.stack).with_tenant("acme");
    let tokens = visitor.log_in("admin@acme.example", PASSWORD).await.expect(200).json();
    let admin = visitor.with_token(tokens["access_token"].as_str().unwrap());
    admin.post("/api/v1/users", user("new@elsewhere.example")).await.expect(201);
    admin.request(http::Method::POST, "/api/v1/users/me/email/confirmation").await.expect(202);
    let sent = post.deliver().await;
    assert_eq!(recipients(&sent), ["admin@acme.example"]);
    visitor.post(CONFIRM, json!({"token": token(&sent[0])})).await.expect(204);
    assert_eq!(recipients(&post.deliver().await), ["new@elsewhere.example"]);
}

#[tokio::test]
async fn change_of_own_address_mails_a_link_to_the_new_and_a_notice_to_the_old_one() {
    let post = Post::open().await;
    let shop = Shop::open(&post.stack, "acme").await;
    post.deliver().await;
    let change = json!({"email": "sam@elsewhere.example", "current_password": PASSWORD});
    shop.staff().patch("/api/v1/users/me", change).await.expect(200);
    let sent = post.deliver().await;
    assert_eq!(recipients(&sent), ["sam@elsewhere.example", "staff@acme.example"]);
    assert!(!sent[1].text.plain.contains("token=") && !sent[1].text.html.contains("token="));
    for said in ["s… at elsewhere [dot] example", "change it now", "acme.example.com"] {
        assert!(
            sent[1].text.plain.contains(said) && sent[1].text.html.contains(said),
            "{said}: {}",
            sent[1].text.plain
        );
    }
    shop.anonymous().post(CONFIRM, json!({"token": token(&sent[0])})).await.expect(204);
    let notice = post.deliver().await;
    assert_eq!(recipients(&notice), ["staff@acme.example"]);
    assert!(notice[0].text.plain.contains("was changed to s… at elsewhere [dot] example by The staff"));
}

#[tokio::test]
async fn notice_of_an_address_made_of_a_link_shows_no_link() {
    let post = Post::open().await;
    let shop = Shop::open(&post.stack, "acme").await;
    post.deliver().await;
    for lure in ["http.//www.evil.example/win@evil.example", "www.evil.example@evil.example"] {
        shop.staff().patch("/api/v1/users/me", json!({"email": lure, "current_password": PASSWORD})).await.expect(200);
    }
    let path = format!("/api/v1/users/{}", shop.manager().id);
    shop.admin().patch(path, json!({"email": "http.//www.evil.example/win@evil.example"})).await.expect(200);
    let notices: Vec<_> =
        post.deliver().await.into_iter().filter(|mail| mail.to.email().as_str().ends_with("@acme.example")).collect();
    assert_eq!(notices.len(), 3);
    for Mail { text, .. } in notices {
        for body in [text.plain, text.html] {
            assert!(body.contains("at evil [dot] example") && !body.contains("evil.example"), "{body}");
        }
    }
}

#[tokio::test]
async fn unconfirmed_organization_whose_admins_replace_each_other_mails_few_strangers() {
    let mut post = Post::open().await;
    post.settings = vec![("LIMIT_LINK_MAILS", "")];
    let mut admin = post.sign_up("acme", "Acme", "admin@acme.example").await;
    let visitor = Client::of(&post.stack).with_tenant("acme");
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
        assert!(post.deliver().await.len() <= 1);
    }
    let all = recipients(&post.mailer.mails());
    assert_eq!(all.len(), 3, "{all:?}");
}

#[tokio::test]
async fn unconfirmed_organizations_do_not_use_up_the_mailbox_of_a_confirmed_account() {
    let mut post = Post::open().await;
    post.settings = vec![("LIMIT_MAILBOX", ""), ("LIMIT_LINK_MAILS", "")];
    let shop = Shop::open(&post.stack, "acme").await;
    post.deliver().await;
    for n in 0..12 {
        post.sign_up(&format!("org-{n}"), "Some company", &shop.staff().email).await;
    }
    assert_eq!(post.deliver().await.len(), 3);
    // Nor do other confirmed organizations refuse the account its password.
    let globex = Shop::open(&post.stack, "globex").await;
    post.deliver().await;
    let mut invitations = 0;
    for _ in 0..12 {
        let invited = globex.admin().post("/api/v1/users", user(&shop.staff().email)).await.expect(201).id();
        invitations += post.deliver().await.len();
        globex.admin().delete(format!("/api/v1/users/{invited}")).await.expect(204);
    }
    assert_eq!(invitations, 10);
    shop.anonymous().post(FORGOT, json!({"email": shop.staff().email})).await.expect(202);
    assert_eq!(recipients(&post.deliver().await), [&*shop.staff().email]);
}

#[tokio::test]
async fn notices_to_one_mailbox_are_few_and_the_first_of_each_user_passes() {
    let mut post = Post::open().await;
    post.settings = vec![("LIMIT_LINK_MAILS", "")];
    let shop = Shop::open(&post.stack, "acme").await;
    post.deliver().await;
    for n in 0..6 {
        let path = format!("/api/v1/users/{}", shop.manager().id);
        shop.admin().patch(&path, json!({"email": format!("n{n}@elsewhere.example")})).await.expect(200);
        shop.admin().patch(&path, json!({"email": "victim@elsewhere.example"})).await.expect(200);
    }
    shop.admin()
        .patch(format!("/api/v1/users/{}", shop.staff().id), json!({"email": "new@elsewhere.example"}))
        .await
        .expect(200);
    let all = recipients(&post.deliver().await);
    let of = |email: &str| all.iter().filter(|recipient| *recipient == email).count();
    assert_eq!((of("victim@elsewhere.example"), of(&shop.staff().email), of(&shop.manager().email)), (3, 1, 1));
}

#[tokio::test]
async fn invited_user_who_is_enabled_again_gets_another_invitation() {
    let post = Post::open().await;
    let shop = Shop::open(&post.stack, "acme").await;
    let invited = shop.admin().post("/api/v1/users", user("sam@elsewhere.example")).await.expect(201).id();
    let first = token(&post.deliver().await[0]);
    let path = format!("/api/v1/users/{invited}");
    for status in ["DISABLED", "ACTIVE"] {
        shop.admin().patch(&path, json!({ "status": status })).await.expect(200);
    }
    let set = |token: &str| {
        let body = json!({"token": token, "password": "canary-swept-floors-and-labels"});
        Client::of(&post.stack).post("/api/v1/auth/password/reset", body)
    };
    set(&first).await.expect(400);
    let sent = post.deliver().await;
    assert_eq!(recipients(&sent), ["sam@elsewhere.example"]);
    set(&token(&sent[0])).await.expect(204);
    // With a password there is nothing to invite to.
    for status in ["DISABLED", "ACTIVE"] {
        shop.admin().patch(&path, json!({ "status": status })).await.expect(200);
    }
    assert!(post.deliver().await.is_empty());
    post.stack.check_invariants();
}

#[tokio::test]
async fn void_links_are_not_mailed() {
    let post = Post::open().await;
    let shop = Shop::open(&post.stack, "acme").await;
    post.deliver().await;
    for email in ["a@elsewhere.example", "b@elsewhere.example"] {
        shop.staff().patch("/api/v1/users/me", json!({"email": email, "current_password": PASSWORD})).await.expect(200);
    }
    shop.anonymous().post(FORGOT, json!({"email": shop.manager().email})).await.expect(202);
    let path = format!("/api/v1/users/{}", shop.manager().id);
    shop.admin().patch(path, json!({"email": "m@elsewhere.example"})).await.expect(200);
    let sent = recipients(&post.deliver().await);
    assert_eq!(sent, ["b@elsewhere.example", "manager@acme.example", "staff@acme.example"]);
}

#[tokio::test]
async fn correction_of_an_invited_address_mails_a_new_link_and_a_short_notice() {
    let post = Post::open().await;
    let shop = Shop::open(&post.stack, "acme").await;
    let invited = shop.admin().post("/api/v1/users", user("wrong@elsewhere.example")).await.expect(201).id();
    post.deliver().await;
    let path = format!("/api/v1/users/{invited}");
    shop.admin().patch(path, json!({"email": "right@elsewhere.example"})).await.expect(200);
    let sent = post.deliver().await;
    assert_eq!(recipients(&sent), ["right@elsewhere.example", "wrong@elsewhere.example"]);
    assert!(!sent[1].text.plain.contains("right@"), "the recipient may be a stranger");
    let body = json!({"token": token(&sent[0]), "password": "canary-swept-floors-and-labels"});
    Client::of(&post.stack).post("/api/v1/auth/password/reset", body).await.expect(204);
}

#[tokio::test]
async fn subject_with_a_hostile_name_has_no_link_and_no_line_break() {
    for (subdomain, name, seen) in [
        ("one", "http://evil.example", "evil example"),
        ("two", "Win: evil.example/x", "Win: evil example x"),
        ("three", "me@evil.example", "me evil example"),
    ] {
        let post = Post::open().await;
        post.sign_up(subdomain, name, "victim@elsewhere.example").await;
        let sent = post.deliver().await;
        assert_eq!(sent[0].text.subject, format!("Welcome to Stockroom, {seen}"));
        assert!(!sent[0].text.plain.contains("evil.example") && !sent[0].text.html.contains("evil.example"));
    }
}

#[tokio::test]
async fn sign_ups_with_one_address_send_at_most_ten_mails() {
    let mut post = Post::open().await;
    post.settings = vec![("LIMIT_MAILBOX", ""), ("LIMIT_LINK_MAILS", "")];
    for n in 0..14 {
        post.sign_up(&format!("org-{n}"), "Some company", "Victim@Elsewhere.example").await;
    }
    post.sign_up("another", "Some company", "another@elsewhere.example").await;
    let sent = recipients(&post.deliver().await);
    assert_eq!(sent.iter().filter(|email| email.starts_with("Victim")).count(), 3);
    assert_eq!(sent.len(), 4);
    assert_eq!(post.deliver().await.len(), 0);
}
