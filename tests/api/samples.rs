//! The samples of REST requests in `events/`: they have API Gateway's form, and the functions answer them.
#![expect(clippy::unwrap_used, reason = "tests fail by a panic")]

use std::collections::BTreeSet;

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use serde_json::{Value, json};
use stockroom_harness::{Client, Stack};
use stockroom_local::{functions, invoke::invoke};

/// Functions without HTTP, whose samples other suites test.
const OTHERS: [&str; 5] = ["cleanup", "low-stock", "notifications", "relay", "weekly-report"];

fn folder() -> String {
    format!("{}/../../events", env!("CARGO_MANIFEST_DIR"))
}

fn sample(name: &str) -> String {
    std::fs::read_to_string(format!("{}/{name}.json", folder())).unwrap()
}

#[tokio::test]
async fn sample_of_every_http_function_is_answered() {
    let stack = Stack::start().await;
    let body = |event: &str| -> Value {
        let event: Value = serde_json::from_str(event).unwrap();
        serde_json::from_str(event["body"].as_str().unwrap()).unwrap()
    };
    // The user of the samples signs up the sample company.
    let signing_in = body(&sample("auth"));
    let admin = json!({"email": signing_in["email"], "password": signing_in["password"], "full_name": "The manager"});
    let company = json!({"name": "Northwind Traders", "subdomain": "northwind", "admin": admin});
    Client::of(&stack).post("/api/v1/organizations", company).await.expect(201);

    let call = async |name: &str, event: &str| -> Value {
        let function = functions::all(stack.app()).into_iter().find(|function| function.name == name).unwrap();
        let answer = invoke(function.router, serde_json::from_str(event).unwrap(), "sample").await.unwrap();
        let problem = format!("{name}: {answer}");
        assert!(matches!(answer["statusCode"].as_u64(), Some(200 | 201)), "{problem}");
        answer
    };
    let answer = call("auth", &sample("auth")).await;
    let tokens: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    for (name, routes) in functions::tables() {
        let event = sample(name);
        let typed: ApiGatewayProxyRequest = serde_json::from_str(&event).unwrap();
        let is_one = |path: &str| Some(path) == typed.resource.as_deref();
        assert!(routes.iter().any(|route| is_one(route.path) && route.method == typed.http_method), "{name}");
        call(name, &event.replace("ACCESS_TOKEN", tokens["access_token"].as_str().unwrap())).await;
    }
}

#[test]
fn samples_exist_for_every_function_and_no_other() {
    let files = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let samples: BTreeSet<String> =
        files.map(|file| file.trim_end_matches(".json").trim_end_matches("-due").to_owned()).collect();
    let known = functions::tables().into_iter().map(|(name, _)| name).chain(OTHERS);
    assert_eq!(samples, known.map(str::to_owned).collect());
}
