//! The text that the program prints when it is ready.

use crate::page::section;
use crate::process::{Dev, printed, shell};

const README: &str = include_str!("../../../../README.md");
const LOCAL: &str = include_str!("../../README.md");

/// The lines that a page shows for a command, with this port. A line of dots matches any lines.
fn example(page: &str, command: &str, port: &str) -> Vec<String> {
    let (_, rest) = page.split_once(&format!("```console\n$ {command}\n")).unwrap();
    let lines =
        rest.split("```").next().unwrap().lines().filter(|line| !line.trim().is_empty() && line.trim() != "...");
    lines.map(|line| line.replace(":8000", &format!(":{port}"))).collect()
}

fn status(url: &str) -> String {
    printed(&format!("curl -s -o /dev/null -w '%{{http_code}}' '{url}'"))
}

/// The addresses that the program printed.
fn addresses(text: &str) -> Vec<&str> {
    text.split_whitespace().filter(|word| word.starts_with("http://")).collect()
}

#[test]
fn start_with_the_demo_prints_addresses_and_accounts() {
    let mut dev = Dev::start(&["--in-memory", "--demo", "northwind"]);
    let port = dev.ready();
    let table = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut accounts = vec![table(&dev.wait_for(|line| line.contains("admin@northwind.example")))];
    for _ in 1..6 {
        accounts.push(table(&dev.wait_for(|_| true)));
    }
    for row in &accounts {
        let [tenant, account, role, password] = row.as_slice() else { panic!("{row:?}") };
        let body = format!("username={account}&password={password}&client_id={tenant}");
        let answer = printed(&format!("curl -s http://localhost:{port}/api/v1/auth/token -d '{body}'"));
        let token = answer.split("\"access_token\":\"").nth(1).unwrap().split('"').next().unwrap();
        let me =
            printed(&format!("curl -s http://localhost:{port}/api/v1/users/me -H 'Authorization: Bearer {token}'"));
        assert!(me.contains(&format!("\"role\":\"{role}\"")), "{row:?}: {me}");
        let samples = section(LOCAL, "Sample organizations");
        assert!(samples.contains(password) && samples.contains(&format!("`{tenant}`")), "{row:?}");
    }
    let (text, errors) = dev.stop();
    assert_eq!(errors, "");
    assert!(text.lines().any(|line| line == format!("ready http://127.0.0.1:{port}")), "{text}");
    for page in [README, LOCAL] {
        let mut lines = text.lines();
        for line in example(page, "cargo dev --demo northwind", &port) {
            // The width of a column follows the length of the port.
            assert!(lines.any(|printed| table(printed) == table(&line)), "a page shows {line}, but not: {text}");
        }
    }
}

#[test]
fn every_printed_address_answers_under_every_loopback_name() {
    let mut dev = Dev::start(&["--in-memory"]);
    let port = dev.ready();
    dev.wait_for(|line| line.contains("cargo dev --demo northwind"));
    let text = dev.lines().collect::<Vec<_>>().join("\n");
    let urls: Vec<_> = addresses(&text).into_iter().filter(|url| !url.ends_with("/organizations")).collect();
    assert_eq!(urls.len(), 9, "{urls:?}");
    let mut hosts = vec!["127.0.0.1", "localhost", "northwind.localhost"];
    let has_v6 = shell(&format!("curl -s -o /dev/null 'http://[::1]:{port}/health-check'")).status.success();
    hosts.extend(has_v6.then_some("[::1]"));
    for url in urls {
        for host in &hosts {
            let path = url.split_once(&format!(":{port}")).unwrap().1;
            let url = format!("http://{host}:{port}{path}");
            assert_eq!(status(&url), "200", "{url}");
        }
    }
}

#[test]
fn printed_command_signs_up_an_organization() {
    let mut dev = Dev::start(&["--in-memory"]);
    let port = dev.ready();
    let command = dev.wait_for(|line| line.trim().starts_with("curl "));
    let answer = printed(&command.trim().replacen("curl ", "curl -s ", 1));
    assert!(answer.contains("\"subdomain\":\"initech\""), "{answer}");
    let mails = printed(&format!("curl -s http://localhost:{port}/_local/mail.json"));
    assert!(mails.contains("admin@initech.example") && mails.contains("/confirm?token="), "{mails}");
}

#[test]
fn services_only_prints_the_addresses_that_it_serves() {
    let mut dev = Dev::start(&["--in-memory", "--services-only"]);
    dev.ready();
    dev.wait_for(|line| line.trim().starts_with("Events "));
    let mailbox = dev.lines().find_map(|line| line.trim().strip_prefix("Mailbox ")).unwrap().trim().to_owned();
    assert_eq!(status(&mailbox), "200", "{mailbox}");
    for name in ["DynamoDB", "Settings", "Functions", "API"] {
        assert!(dev.lines().any(|line| line.trim().starts_with(name)), "{name}");
    }
}
