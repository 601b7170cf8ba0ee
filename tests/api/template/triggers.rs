//! Triggers of the functions without HTTP: each gets the events it handles, and every failure is kept.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stockroom_domain::event::EventType;
use stockroom_harness::{Shop, Stack};
use stockroom_jobs::Job;

use super::parsed::{functions, resources, text, texts};
use crate::bus::relay;

/// The trigger of a function by its kind.
fn trigger(function: &str, kind: &str) -> Value {
    let events = functions()[function]["Events"].as_object().unwrap().clone();
    let mut events = events.values().filter(|event| event["Type"] == kind);
    let found = events.next().unwrap_or_else(|| panic!("{function} has no {kind}"))["Properties"].clone();
    assert!(events.next().is_none(), "{function} has two");
    found
}

/// The resources of a kind.
fn of_kind(kind: &str) -> BTreeMap<String, Value> {
    let of_kind = resources().into_iter().filter(|(_, resource)| resource["Type"] == kind);
    of_kind.map(|(name, resource)| (name, resource["Properties"].clone())).collect()
}

fn pattern(pattern: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    assert_eq!(pattern.as_object().unwrap().len(), 2);
    let set = |name: &str| texts(&pattern[name]).into_iter().collect();
    (set("source"), set("detail-type"))
}

fn set<T: ToString>(values: impl IntoIterator<Item = T>) -> BTreeSet<String> {
    values.into_iter().map(|value| value.to_string()).collect()
}

#[test]
fn bus_rules_match_the_events_of_their_targets() {
    let rule = trigger("notifications", "EventBridgeRule");
    assert_eq!(text(&rule["EventBusName"]), "Bus");
    assert_eq!(pattern(&rule["Pattern"]), (set([stockroom_notify::SOURCE]), set(stockroom_notifications::events())));

    let rules = of_kind("AWS::Events::Rule");
    assert_eq!(rules.len(), Job::ALL.len());
    for job in Job::ALL {
        let queue = text(&trigger(job.name(), "SQS")["Queue"]);
        let is_its = |rule: &&Value| text(&rule["Targets"][0]["Arn"]) == queue;
        let rule = rules.values().find(is_its).unwrap();
        assert_eq!((text(&rule["EventBusName"]).as_str(), rule["Targets"].as_array().unwrap().len()), ("Bus", 1));
        let expected = match job {
            Job::Cleanup | Job::WeeklyReport => (set([stockroom_jobs::SOURCE]), set([job.event_type()])),
            Job::LowStock => (
                set([stockroom_jobs::SOURCE, stockroom_notify::SOURCE]),
                set([job.event_type().to_owned(), EventType::STOCK_LOW.to_string()]),
            ),
        };
        assert_eq!(pattern(&rule["EventPattern"]), expected, "{}", job.name());
    }
}

#[test]
fn job_has_its_schedule() {
    for job in Job::ALL {
        let schedule = trigger(job.name(), "ScheduleV2");
        let expected = match job {
            Job::Cleanup => "cron(0 2 * * ? *)",
            Job::LowStock => "cron(0 * * * ? *)",
            Job::WeeklyReport => "cron(0 0 ? * SUN *)",
        };
        assert_eq!(
            (&schedule["ScheduleExpression"], &schedule["ScheduleExpressionTimezone"]),
            (&expected.into(), &"UTC".into())
        );
        // A job reads the scheduler's own event.
        assert!(schedule["Input"].is_null(), "{}", job.name());
    }
}

#[test]
fn queue_outlasts_its_function_and_has_a_retry_limit() {
    let queues = of_kind("AWS::SQS::Queue");
    for job in Job::ALL {
        let (function, messages) = (&functions()[job.name()], trigger(job.name(), "SQS"));
        let queue = &queues[text(&messages["Queue"]).strip_suffix(".Arn").unwrap()];
        let seconds = |value: &Value| value.as_u64().unwrap();
        assert!(seconds(&queue["VisibilityTimeout"]) >= 6 * seconds(&function["Timeout"]), "{}", job.name());
        assert!((2..=10).contains(&seconds(&messages["ScalingConfig"]["MaximumConcurrency"])), "{}", job.name());
        assert!(seconds(&queue["RedrivePolicy"]["maxReceiveCount"]) >= 5, "{}", job.name());
    }
    // The relay retries for an hour, for any number of refusals.
    let entries = trigger("relay", "DynamoDB");
    let limit = |name: &str| entries[name].as_i64().unwrap();
    assert_eq!((limit("MaximumRetryAttempts"), limit("MaximumRecordAgeInSeconds")), (-1, 3600));
    for (name, kind) in [("relay", "DynamoDB"), ("low-stock", "SQS"), ("weekly-report", "SQS"), ("cleanup", "SQS")] {
        assert_eq!(texts(&trigger(name, kind)["FunctionResponseTypes"]), ["ReportBatchItemFailures"], "{name}");
    }
}

#[test]
fn dead_letters_are_kept_and_have_an_alarm() {
    let mut dead: BTreeSet<String> = BTreeSet::new();
    let mut keeps = |place: &Value, what: &str| {
        let queue = text(place);
        dead.insert(queue.strip_suffix(".Arn").unwrap_or_else(|| panic!("{what}")).to_owned());
    };
    for (name, function) in functions() {
        for event in function["Events"].as_object().unwrap().values() {
            let of = &event["Properties"];
            match event["Type"].as_str().unwrap() {
                "Api" | "SQS" => {}
                "DynamoDB" => keeps(&of["DestinationConfig"]["OnFailure"]["Destination"], &name),
                // The one that cannot call the function, and Lambda when the function fails.
                "EventBridgeRule" | "ScheduleV2" => {
                    keeps(&of["DeadLetterConfig"]["Arn"], &name);
                    keeps(&function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"], &name);
                }
                other => panic!("{name} has a {other}, and the test has no rule for its failures"),
            }
        }
    }
    for (name, rule) in of_kind("AWS::Events::Rule") {
        keeps(&rule["Targets"][0]["DeadLetterConfig"]["Arn"], &name);
    }
    let queues = of_kind("AWS::SQS::Queue");
    let redrive = queues.values().map(|queue| &queue["RedrivePolicy"]["deadLetterTargetArn"]);
    redrive.filter(|place| !place.is_null()).for_each(|place| keeps(place, "a queue"));

    let alarms = of_kind("AWS::CloudWatch::Alarm");
    let of_queues = alarms.values().filter(|alarm| alarm["Namespace"] == "AWS/SQS");
    let alarmed = of_queues.map(|alarm| text(&alarm["Dimensions"][0]["Value"]).replace(".QueueName", ""));
    assert_eq!(alarmed.collect::<BTreeSet<_>>(), dead);
    let without_redrive = queues.iter().filter(|(_, queue)| queue["RedrivePolicy"].is_null());
    assert_eq!(without_redrive.map(|(name, _)| name.clone()).collect::<BTreeSet<_>>(), dead);
}

#[test]
fn function_has_its_alarms() {
    let alarms = of_kind("AWS::CloudWatch::Alarm");
    for (name, function) in functions() {
        let deployed = format!("${{AWS::StackName}}-{name}");
        let is_its =
            |alarm: &Value| alarm["MetricName"] == "Throttles" && text(&alarm["Dimensions"][0]["Value"]) == deployed;
        assert!(alarms.values().any(is_its), "{name} has no alarm of throttles");

        // The one that rolls a deployment back: no call of the API fails, it is answered with 500.
        let preference = &function["DeploymentPreference"];
        assert_eq!(texts(&preference["Type"]), ["IsGradual", "Canary10Percent5Minutes", "AllAtOnce"], "{name}");
        let rollback = &preference["Alarms"];
        assert_eq!((text(&rollback[0]).as_str(), text(&rollback[2][0]).as_str()), ("IsGradual", "AWS::NoValue"));
        let alarm = &alarms[&text(&rollback[1][0])];
        let metrics = [&alarm["Metrics"][0], &alarm["Metrics"][1]].map(|query| {
            let of = &query["MetricStat"];
            assert_eq!((text(&of["Stat"]).as_str(), of["Period"].as_u64()), ("Sum", Some(60)), "{name}");
            let metric = &of["Metric"];
            let named = [&query["Id"], &metric["Namespace"], &metric["MetricName"]].map(text);
            let dimensions = metric["Dimensions"].as_array().unwrap().iter();
            (named, dimensions.map(|of| (text(&of["Name"]), text(&of["Value"]))).collect::<Vec<_>>())
        });
        let of = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = [
            (
                ["errors", "AWS/Lambda", "Errors"].map(str::to_owned),
                vec![of("FunctionName", &deployed), of("Resource", &format!("{deployed}:live"))],
            ),
            (["failures", "Stockroom", "failures"].map(str::to_owned), vec![of("function", &deployed)]),
        ];
        assert_eq!(metrics, expected, "{name}");
        assert_eq!(text(&alarm["Metrics"][2]["Expression"]), "FILL(errors, 0) + FILL(failures, 0)", "{name}");
    }
    for metric in ["IteratorAge", "5XXError", "Latency"] {
        assert!(alarms.values().any(|alarm| alarm["MetricName"] == metric), "{metric}");
    }
}

#[tokio::test]
async fn relay_filter_passes_log_entries_only() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    for sku in 0..8 {
        let (product, main) = shop.stocked(&format!("SKU-{sku}"), 5).await;
        shop.take(&product, &main, 1).await.expect(201);
    }
    let filters = &trigger("relay", "DynamoDB")["FilterCriteria"]["Filters"];
    let filter: Value = serde_json::from_str(filters[0]["Pattern"].as_str().unwrap()).unwrap();
    assert_eq!((filters.as_array().unwrap().len(), &filter["eventName"][0]), (1, &"INSERT".into()));
    let suffixes: Vec<_> = filter["dynamodb"]["Keys"]["pk"]["S"].as_array().unwrap().iter().collect();
    let is_let_through = |record: &Value| {
        let partition = record["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap();
        suffixes.iter().any(|rule| partition.ends_with(rule["suffix"].as_str().unwrap()))
    };
    let records = relay::records(&shop);
    for record in &records {
        assert_eq!(is_let_through(record), relay::of_log(record), "{record}");
    }
    let used = |suffix: &&&Value| {
        let suffix = suffix["suffix"].as_str().unwrap();
        records.iter().any(|record| record["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap().ends_with(suffix))
    };
    assert_eq!(suffixes.iter().filter(used).count(), suffixes.len(), "an unknown shard");
}
