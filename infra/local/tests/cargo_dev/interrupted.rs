//! Ctrl-C during an import.

use crate::process::{Dev, printed};

/// The number of recorded movements in a line of progress.
fn recorded(line: &str) -> Option<usize> {
    line.strip_prefix("Northwind: ")?.split(' ').next()?.parse().ok()
}

#[test]
fn stop_during_an_import_says_that_the_next_start_resumes_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let options = ["--data-dir", path, "--demo", "northwind"];
    let mut dev = Dev::start(&options);
    let reached = recorded(&dev.wait_for(|line| recorded(line).is_some_and(|recorded| recorded >= 400))).unwrap();
    let (text, errors) = dev.stop();
    assert!(text.ends_with(&format!("The next start with --demo northwind resumes it in {path}.")), "{text}");
    assert_eq!(errors, "");

    let mut dev = Dev::start(&["--data-dir", path]);
    dev.ready();
    let (text, errors) = dev.stop();
    assert!(text.contains("is incomplete. Start with --demo northwind to resume it."), "{text}");
    assert_eq!(errors, "");

    let mut dev = Dev::start(&options);
    let first = recorded(&dev.wait_for(|line| recorded(line).is_some())).unwrap();
    assert!(first >= reached && first < 2232, "{first} after {reached}");
    let port = dev.ready();
    let api = format!("http://localhost:{port}/api/v1");
    let script = format!(
        "token=$(curl -s {api}/auth/token -H 'x-tenant-id: northwind' -d username=staff@northwind.example \
           -d password=northwind-demo-2026 | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\n\
         curl -s \"{api}/stock-movements/low-stock?limit=100\" -H \"Authorization: Bearer $token\""
    );
    let low = printed(&script);
    assert_eq!(low.matches("\"shortage\":").count(), 18, "{low}");
    let (text, errors) = dev.stop();
    assert!(!text.contains("the import skips it"), "{text}");
    assert_eq!(errors, "");
}
