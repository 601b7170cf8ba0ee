//! The text that `cargo dev` prints when it is ready: every address, and the accounts of the sample organizations.
//! Without sample organizations, it prints a command for a first sign-up.

use std::fmt::Display;

use stockroom_runtime::{Config, SampleAccount};

use crate::demo::SampleOrganization;

/// The width of the column of names.
const NAME_WIDTH: usize = 11;

/// The text of a stack with a gateway. Scripts read the line `ready`.
pub(crate) fn gateway(port: u16, config: &Config, accounts: &[&'static SampleOrganization]) -> String {
    let url = |path: &str| format!("http://localhost:{port}{path}");
    let start = config.console_enabled.then(|| ("Start page", url("/")));
    let mut lines: Vec<_> = start.into_iter().chain([("API", url("/api/v1"))]).collect();
    if config.docs_enabled {
        lines.extend([("Docs", url("/docs")), ("Reference", url("/redoc")), ("OpenAPI", url("/openapi.json"))]);
    }
    lines.push(("Health", url("/health-check")));
    lines.extend(local_routes(port));
    let mut text = format!("ready http://127.0.0.1:{port}\n\n{}", list(&lines));
    text.push_str(&if accounts.is_empty() { first_command(port) } else { table(accounts) });
    text
}

/// The addresses of the mailbox and the events.
pub(crate) fn local_routes(port: u16) -> [(&'static str, String); 2] {
    let url = |path: &str| format!("http://localhost:{port}/_local/{path}");
    [("Mailbox", url("mail")), ("Events", url("events.json"))]
}

/// One line for each name and its value.
pub(crate) fn list(lines: &[(&str, impl Display)]) -> String {
    let lines: Vec<_> = lines.iter().map(|(name, value)| format!("  {name:NAME_WIDTH$} {value}\n")).collect();
    lines.concat()
}

fn table(accounts: &[&'static SampleOrganization]) -> String {
    let row = |tenant: &str, account: &str, role: &str, password: &str| {
        format!("  {tenant:NAME_WIDTH$} {account:28} {role:8} {password}\n")
    };
    let mut text = format!("\n{}", row("Tenant", "Account", "Role", "Password"));
    for SampleAccount { tenant, role, email, password } in accounts.iter().flat_map(|sample| sample.accounts()) {
        text.push_str(&row(&tenant, &email, &role, &password));
    }
    text
}

/// A sign-up to paste into a shell.
fn first_command(port: u16) -> String {
    format!(
        "\n  Sign up an organization:\n\n  \
         curl http://localhost:{port}/api/v1/organizations -H \"Content-Type: application/json\" -d '{SIGN_UP}'\n\n  \
         Then open the mailbox, and confirm the address with the link in the mail.\n  \
         Or start with sample data: cargo dev --demo northwind\n"
    )
}

const SIGN_UP: &str = concat!(
    r#"{"name": "Initech", "subdomain": "initech", "admin": {"email": "admin@initech.example", "#,
    r#""full_name": "The Admin", "password": "nine staplers, no cake"}}"#
);
