//! The document and its pages as they are served, and the setting that disables them.

use stockroom_harness::{Client, Stack};

const PATHS: [&str; 4] = ["/docs", "/docs/start.js", "/redoc", "/openapi.json"];

#[tokio::test]
async fn get_of_a_documentation_page_loads_own_files_and_has_no_inline_script() {
    let client = Client::of(&Stack::start().await);
    for page in ["/docs", "/redoc"] {
        let reply = client.get(page).await.expect(200);
        assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("http"), "{policy}");

        let html = std::str::from_utf8(reply.bytes()).unwrap();
        let named = html.split(['"', '\'']).filter(|text| text.starts_with("docs/") || *text == "openapi.json");
        let named: Vec<_> = named.map(|path| format!("/{path}")).collect();
        assert!(named.len() >= 2, "{html}");
        for path in named {
            let file = client.get(&path).await.expect(200);
            let kind = match path.rsplit('.').next() {
                Some("js") => "text/javascript; charset=utf-8",
                Some("css") => "text/css; charset=utf-8",
                _ => "application/json",
            };
            assert_eq!(file.header("content-type"), Some(kind), "{path}");
            assert!(!file.bytes().is_empty());
        }
        assert!(!html.contains("://"), "it loads from elsewhere: {html}");
    }
}

#[tokio::test]
async fn get_of_the_document_equals_the_stored_file() {
    let client = Client::of(&Stack::start().await);
    let reply = client.get("/openapi.json").await.expect(200);
    assert_eq!(reply.json(), super::document());
    assert_eq!(client.get("/docs/README.md").await.expect(404).code(), "not_found");
    assert_eq!(client.get("/docs?x=1").await.expect(422).faults(), ["x unknown_parameter"]);
}

#[tokio::test]
async fn get_of_a_disabled_documentation_page_is_not_found() {
    let stack = Stack::start().await;
    let without = stack.another_process_with(stack.clock().clone(), &[("DOCS_ENABLED", "false")]);
    let client = Client::of(&without);
    for path in PATHS {
        assert_eq!(client.get(path).await.expect(404).code(), "not_found", "{path}");
    }
    client.get("/health-check").await.expect(200);
}
