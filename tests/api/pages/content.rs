//! The content of each page.

use serde_json::{Value, json};
use stockroom_harness::{Client, Reply, Stack};
use stockroom_local::functions;

use super::html;

const PURCHASE_REQUEST: &str = "/purchase-requests/01930000-0000-7000-8000-000000000000";
const PAGES: [&str; 6] = ["/", "/reset?token=abc", "/confirm?token=abc", "/forgot", "/sign-in", PURCHASE_REQUEST];

async fn client_with(settings: &[(&str, &str)]) -> Client {
    let stack = Stack::start().await;
    Client::of(&stack.another_process_with(stack.clock().clone(), settings))
}

#[tokio::test]
async fn get_of_a_page_answers_without_scripts_and_foreign_addresses() {
    let client = client_with(&[]).await;
    let console = functions::tables().into_iter().find(|(name, _)| *name == "console").unwrap().1;
    let icons = ["/favicon.svg", "/favicon.ico"];
    assert_eq!(console.len(), PAGES.len() + icons.len(), "`PAGES` has every page");
    for path in PAGES {
        let reply = client.get(path).await.expect(200);
        let page = html(&reply);
        assert!(page.starts_with("<!doctype html>") && page.contains("name=\"viewport\""), "{path}");
        assert!(!page.contains("<script") && !page.contains(" style=\""), "{path}: the policy forbids it");
        let foreign = page.split('"').filter(|text| text.starts_with("http") || text.starts_with("//"));
        assert_eq!(foreign.count(), 0, "{path}: every link stays on this host");

        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"), "{path} may hold a token");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert!(client.request(http::Method::HEAD, path).await.expect(200).bytes().is_empty());
    }
    for icon in icons {
        let reply = client.get(icon).await.expect(200);
        assert_eq!(reply.header("content-type"), Some("image/svg+xml"));
        assert!(reply.bytes().starts_with(b"<svg "));
    }
}

#[tokio::test]
async fn get_of_a_page_with_unknown_parameters_ignores_them() {
    let client = client_with(&[]).await;
    for path in ["/", "/reset", "/confirm", "/forgot", "/sign-in", PURCHASE_REQUEST] {
        let plain = client.get(path).await.expect(200);
        let tracked = client.get(path).query(&[("utm_source", "mail"), ("error_", "x")]).await.expect(200);
        assert_eq!(tracked.bytes(), plain.bytes(), "{path}");
    }
}

#[tokio::test]
async fn get_of_a_page_never_shows_text_of_its_query() {
    let client = client_with(&[]).await;
    let text = "Call+0900-1234\"><b>now</b>";
    for path in ["/", "/reset", "/confirm", "/forgot", "/sign-in", PURCHASE_REQUEST] {
        for name in ["token", "error", "notice", "tenant", "wait"] {
            let query = [(name, text), ("error", "rate_limited")];
            let reply = client.get(path).query(&query).await.expect(200);
            let page = html(&reply);
            assert!(!page.contains("0900") && !page.contains("<b>now"), "{path} shows {name}");
        }
    }
    let reset = client.get("/reset?token=a%22b").await.expect(200);
    assert!(html(&reset).contains("This link is not complete") && !html(&reset).contains("<form"));
    let reset = client.get("/reset").await.expect(200);
    assert!(html(&reset).contains("This link is not complete"));
}

#[tokio::test]
async fn get_of_a_page_under_a_tenants_host_names_the_tenant() {
    let client = client_with(&[("TENANT_BASE_DOMAIN", "example.com")]).await;
    let at = async |path: &str| client.get(path).header("host", "acme.example.com").await.expect(200);
    assert!(html(&at("/forgot").await).contains("value=\"acme\""));
    assert!(html(&at("/").await).contains("<strong>acme</strong>"));
    assert!(html(&at("/sign-in").await).contains("href=\"/docs?tenant=acme\""));
    // The host counts before the query.
    assert!(html(&at("/forgot?tenant=globex").await).contains("value=\"acme\""));
}

#[tokio::test]
async fn get_of_the_start_page_shows_configured_accounts_only() {
    let without = client_with(&[]).await.get("/").await.expect(200);
    assert!(!html(&without).contains("Sample accounts") && !html(&without).contains("Mailbox"));

    let account = json!({"tenant": "northwind", "role": "STAFF", "email": "<staff>@x.example", "password": "p&w"});
    let notes = json!({"mailbox": "/_local/mail", "accounts": [account]}).to_string();
    let with = client_with(&[("START_PAGE", &notes)]).await.get("/").await.expect(200);
    let page = html(&with);
    assert!(page.contains("href=\"/_local/mail\"") && page.contains("northwind") && page.contains("STAFF"), "{page}");
    assert!(page.contains("&#60;staff&#62;@x.example") && page.contains("p&#38;w"), "{page}");
}

#[tokio::test]
async fn get_of_a_page_without_the_console_is_not_found() {
    let client = client_with(&[("CONSOLE_ENABLED", "false")]).await;
    for path in PAGES {
        assert_eq!(client.get(path).await.expect(404).code(), "not_found", "{path}");
    }
    for form in ["reset", "confirm", "forgot"] {
        let form = client.request(http::Method::POST, format!("/api/v1/auth/forms/{form}"));
        assert_eq!(form.await.expect(404).code(), "not_found");
    }
    // The documentation has the icon too.
    for path in ["/docs", "/favicon.svg"] {
        client.get(path).await.expect(200);
    }
}

#[tokio::test]
async fn get_of_a_page_without_documentation_has_no_link_to_it() {
    let client = client_with(&[("DOCS_ENABLED", "false")]).await;
    for path in ["/", "/sign-in", PURCHASE_REQUEST] {
        let reply = client.get(path).await.expect(200);
        for link in ["/docs", "/redoc", "/openapi.json"] {
            assert!(!html(&reply).contains(&format!("href=\"{link}")), "{path} links to {link}");
        }
    }
    let links = &client.get("/api/v1").await.expect(200).json()["links"];
    assert_eq!([&links["docs"], &links["redoc"], &links["openapi"]], [&Value::Null; 3]);
    client.get("/api/v1/docs").await.expect(404);
}

#[tokio::test]
async fn get_of_the_entry_point_links_to_existing_paths() {
    let client = client_with(&[]).await;
    let entry = client.get("/api/v1").await.expect(200).json();
    assert_eq!(entry["name"], "Stockroom");
    for (name, path) in entry["links"].as_object().unwrap() {
        let path = path.as_str().unwrap();
        if name.starts_with("sign_") {
            client.post(path, json!({})).await.expect(422);
        } else {
            client.get(path).await.expect(200);
        }
    }
    let location = |reply: &Reply| reply.header("location").unwrap().to_owned();
    assert_eq!(location(&client.get("/api/v1/docs").await.expect(308)), "/docs");
    assert_eq!(location(&client.get("/api/v1/redoc").await.expect(308)), "/redoc");
}

#[tokio::test]
async fn get_of_the_start_page_links_to_existing_paths() {
    let client = client_with(&[]).await;
    let reply = client.get("/").await.expect(200);
    let links: Vec<_> = html(&reply).split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(links.len() > 6, "{links:?}");
    for link in links {
        client.get(link).await.expect(200);
    }
}

#[tokio::test]
async fn get_of_the_page_of_a_purchase_request_is_equal_for_every_id() {
    let client = client_with(&[]).await;
    let other = "01940000-0000-7000-8000-000000000001";
    let one = client.get(PURCHASE_REQUEST).await.expect(200);
    let two = client.get(format!("/purchase-requests/{other}")).await.expect(200);
    assert_eq!(html(&one).replace("01930000-0000-7000-8000-000000000000", other), html(&two));
    assert!(html(&client.get("/purchase-requests/PR-1").await.expect(404)).contains("not complete"));
    let tables = functions::tables();
    let mut ids = tables.iter().flat_map(|(_, routes)| routes).map(|route| route.id);
    assert!(html(&one).contains("#/purchase-requests/getPurchaseRequest\""));
    assert!(ids.any(|id| id == "getPurchaseRequest"), "the page opens an operation of the documentation");
}
