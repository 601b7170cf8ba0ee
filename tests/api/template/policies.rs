//! Least privilege: a role allows what its function does, all of it and no more.

use std::collections::BTreeSet;

use stockroom_harness::{Access, Shop, Stack};

use super::parsed::{Grant, functions, grants, is_like, statements, texts};
use crate::{access::tour, cost};

/// What functions do so seldom that the tour below does not meet it: function, action, what the keys end with.
const SELDOM: [(&str, &str, &str); 7] = [
    // A deletion freezes the empty levels, and takes them out of the low list.
    ("products", "UpdateItem", "#STOCK#"),
    ("warehouses", "UpdateItem", "#STOCK#"),
    // A movement takes away the mark of a deletion that died, and checks the mark where a level is new or frozen.
    ("stock-movements", "UpdateItem", "#PRODUCT"),
    ("stock-movements", "ConditionCheckItem", "#WAREHOUSE"),
    ("purchase-requests", "ConditionCheckItem", "#PRODUCT"),
    ("purchase-requests", "ConditionCheckItem", "#WAREHOUSE"),
    ("purchase-requests", "UpdateItem", "#WAREHOUSE"),
];

/// Those that sign people in, make them and change them.
const MAY_TOUCH_CREDENTIALS: [&str; 3] = ["auth", "organizations", "users"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_role_allows_what_its_function_does_and_no_more() {
    let (one, other) = (Stack::start_observed().await, Stack::start_observed().await);
    cost::measure_all(&Shop::open(&one, "acme").await).await;
    tour::everything(&other).await;
    let accesses: BTreeSet<_> = one.accesses().union(&other.accesses()).cloned().collect();
    let grants = grants();

    let refused = accesses.iter().filter(|access| !grants.iter().any(|grant| allows(grant, access)));
    let mut faults: Vec<_> = refused.map(|access| format!("not allowed: {access:?}")).collect();
    let is_used = |grant: &Grant| is_seldom(grant) || accesses.iter().any(|access| uses(access, grant));
    let unused = grants.iter().filter(|grant| !is_used(grant));
    faults.extend(unused.map(|grant| format!("allowed and never used: {grant:?}")));
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn allows(grant: &Grant, access: &Access) -> bool {
    (&grant.function, &grant.action, &grant.index) == (&access.function, &access.action, &access.index)
        && is_like(&grant.pattern, &access.partition)
}

/// Whether the access is what the grant is for. Reading one item is like reading several: the store does either, as
/// other writers make it.
fn uses(access: &Access, grant: &Grant) -> bool {
    let read = |action: &str| matches!(action, "GetItem" | "BatchGetItem");
    let is_same_read = read(&access.action) && read(&grant.action);
    let action = if is_same_read { grant.action.clone() } else { access.action.clone() };
    allows(grant, &Access { action, ..access.clone() })
}

fn is_seldom(grant: &Grant) -> bool {
    SELDOM.iter().any(|(function, action, kind)| {
        let pattern = grant.pattern.trim_end_matches('?');
        grant.index.is_none()
            && (grant.function.as_str(), grant.action.as_str()) == (function, action)
            && pattern.ends_with(kind)
    })
}

#[test]
fn a_role_names_partitions_of_a_kind_and_nothing_wider() {
    for Grant { function, action, index, pattern } in grants() {
        let known = ["BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"];
        assert!(known.contains(&action.as_str()), "{function} may {action}");
        assert!(index.is_none() || action == "Query", "{function} may {action} an index");

        let id = "?".repeat(36);
        let of_an_organization = pattern.strip_prefix(&format!("ORG#{id}#"));
        let kind = of_an_organization.map(|rest| rest.trim_end_matches(['?', '*', '#']));
        let is_narrow = match kind {
            Some(kind) => !kind.is_empty() && kind.chars().all(|sign| sign.is_ascii_uppercase() || sign == '#'),
            None => ["PING", "TENANT#", "CREDENTIAL#", "RATE#"].iter().any(|start| pattern.starts_with(start)),
        };
        assert!(is_narrow, "{function} may {action} {pattern}");
        let touches_credentials = is_like(&pattern, "CREDENTIAL#acme");
        assert!(!touches_credentials || MAY_TOUCH_CREDENTIALS.contains(&function.as_str()), "{function}: {pattern}");
    }
}

#[test]
fn nothing_else_is_allowed_but_telemetry() {
    for (name, function) in functions() {
        let others: Vec<_> = statements(&function).iter().flat_map(|statement| texts(&statement["Action"])).collect();
        let others: BTreeSet<_> = others.iter().filter(|action| !action.starts_with("dynamodb:")).cloned().collect();
        let telemetry =
            ["logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTelemetryRecords", "xray:PutTraceSegments"];
        assert_eq!(others, telemetry.map(str::to_owned).into(), "{name}");
        for statement in statements(&function) {
            assert_eq!(statement["Effect"], "Allow", "{name}");
            let is_everything = texts(&statement["Resource"]).iter().any(|resource| resource.contains('*'));
            let is_of_xray = texts(&statement["Action"]).iter().all(|action| action.starts_with("xray:"));
            assert!(!is_everything || is_of_xray, "{name}: only X-Ray knows no resources: {statement:?}");
        }
    }
}
