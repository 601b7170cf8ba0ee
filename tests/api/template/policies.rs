//! Least privilege: a role allows exactly the accesses of its function.

use std::collections::BTreeSet;

use serde_json::Value;
use stockroom_harness::{Access, Shop, Stack};

use super::around;
use super::parsed::{Grant, functions, grants, is_like, is_of_items, statements, text, texts};
use crate::{access::tour, cost};

/// Rare accesses that the tour below does not reach: function, action, end of the keys.
const SELDOM: [(&str, &str, &str); 8] = [
    // A deletion freezes the empty levels, and takes them out of the low list.
    ("products", "UpdateItem", "#STOCK#"),
    ("warehouses", "UpdateItem", "#STOCK#"),
    // A movement checks the mark of a deletion where a level is frozen.
    ("stock-movements", "ConditionCheckItem", "#WAREHOUSE"),
    ("purchase-requests", "ConditionCheckItem", "#PRODUCT"),
    ("purchase-requests", "ConditionCheckItem", "#WAREHOUSE"),
    ("purchase-requests", "UpdateItem", "#WAREHOUSE"),
    // A mail that an earlier run has sent, or is about to send, though it did not come to its end.
    ("low-stock", "GetItem", "#CLAIM"),
    ("low-stock", "BatchGetItem", "#CLAIM"),
];

/// Those that sign people in, make them and change them; and cleanup, which deletes them unread.
const MAY_TOUCH_CREDENTIALS: [&str; 4] = ["auth", "cleanup", "organizations", "users"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn role_allows_exactly_the_accesses_of_its_function() {
    let stacks = [Stack::start_observed().await, Stack::start_observed().await, Stack::start_observed().await];
    let [measured, toured, surrounded] = &stacks;
    cost::measure_all(&Shop::open(measured, "acme").await).await;
    tour::everything(toured).await;
    around::everything(surrounded).await;
    let accesses: BTreeSet<_> = stacks.iter().flat_map(Stack::accesses).collect();
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
fn role_names_partitions_by_kind() {
    for Grant { function, action, index, pattern } in grants() {
        let known = ["BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"];
        assert!(known.contains(&action.as_str()), "{function} may {action}");
        assert!(index.is_none() || action == "Query", "{function} may {action} an index");

        let id = "?".repeat(36);
        let of_an_organization = pattern.strip_prefix(&format!("ORG#{id}#"));
        let kind = of_an_organization.map(|rest| rest.trim_end_matches(['?', '*', '#']));
        let is_narrow = match kind {
            Some(kind) => !kind.is_empty() && kind.chars().all(|sign| sign.is_ascii_uppercase() || sign == '#'),
            None => ["PING", "TENANT#", "CREDENTIAL#", "RATE#", "DIRECTORY#", "PURGE#"]
                .iter()
                .any(|start| pattern.starts_with(start)),
        };
        assert!(is_narrow, "{function} may {action} {pattern}");
        let touches_credentials = is_like(&pattern, "CREDENTIAL#acme");
        assert!(!touches_credentials || MAY_TOUCH_CREDENTIALS.contains(&function.as_str()), "{function}: {pattern}");
        assert!(!touches_credentials || function != "cleanup" || action == "DeleteItem", "{function} may {action}");
    }
}

#[test]
fn role_has_one_statement_for_an_action_and_resource() {
    for (name, function) in functions() {
        let mut seen = BTreeSet::new();
        for statement in statements(&function).iter().filter(|statement| is_of_items(statement)) {
            for action in texts(&statement["Action"]) {
                // A batch names partitions of several kinds, and IAM looks for a statement that allows them all.
                let place = (action, text(&statement["Resource"]));
                assert!(seen.insert(place.clone()), "{name} has two statements for {place:?}");
            }
        }
    }
}

#[tokio::test]
async fn role_allows_its_triggers_and_services_only() {
    let done = around::everything(&Stack::start_observed().await).await;
    for (name, function) in functions() {
        let statements: Vec<_> = statements(&function).into_iter().filter(|it| !is_of_items(it)).collect();
        let pairs = statements.iter().flat_map(|statement| {
            assert_eq!(statement["Effect"], "Allow", "{name}");
            let resource = texts(&statement["Resource"]).join(", ");
            texts(&statement["Action"]).into_iter().map(move |action| (action, resource.clone()))
        });
        let mut expected = of_triggers(&function);
        let mut may = |actions: &[&str], resource: &str| {
            expected.extend(actions.iter().map(|action| ((*action).to_owned(), resource.to_owned())));
        };
        let log = format!("{}.Arn", text(&function["LoggingConfig"]["LogGroup"]));
        may(&["logs:CreateLogStream", "logs:PutLogEvents"], &log);
        // X-Ray knows no resources to name.
        may(&["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*");
        if done.puts.contains(name.as_str()) {
            may(&["events:PutEvents"], "Bus.Arn");
        }
        if done.mails.contains(name.as_str()) {
            let identity = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/${MailIdentity}";
            may(&["ses:SendEmail"], identity);
            let of_mail = statements.iter().find(|statement| texts(&statement["Action"]) == ["ses:SendEmail"]);
            assert_eq!(text(&of_mail.unwrap()["Condition"]["StringEquals"]["ses:FromAddress"]), "MailFrom", "{name}");
        }
        assert_eq!(pairs.collect::<BTreeSet<_>>(), expected, "{name}");
    }
}

/// The rights that Lambda asks of a function's role, on the function's behalf: to read what calls it, and to put away
/// what failed.
fn of_triggers(function: &Value) -> BTreeSet<(String, String)> {
    let mut rights = BTreeSet::new();
    let mut may = |actions: &[&str], resource: &str| {
        rights.extend(actions.iter().map(|action| ((*action).to_owned(), resource.to_owned())));
    };
    let events: Vec<_> = function["Events"].as_object().unwrap().values().collect();
    for event in events.iter().filter(|event| event["Type"] == "SQS") {
        let actions = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];
        may(&actions, &text(&event["Properties"]["Queue"]));
    }
    for event in events.iter().filter(|event| event["Type"] == "DynamoDB") {
        let actions = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"];
        may(&actions, &text(&event["Properties"]["Stream"]));
        may(&["dynamodb:ListStreams"], "${TableInUse.Value}/stream/*");
    }
    let configured = events.iter().map(|event| &event["Properties"]).chain([&function["EventInvokeConfig"]]);
    for destination in configured.map(|it| &it["DestinationConfig"]["OnFailure"]["Destination"]) {
        if !destination.is_null() {
            may(&["sqs:SendMessage"], &text(destination));
        }
    }
    rights
}
