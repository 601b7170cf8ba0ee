//! The tested stack, through the AWS CLI of its operator.

use std::{process::Command, time::Duration};

use serde_json::{Value, json};
use stockroom_domain::{source::Clock as _, time::Timestamp};
use stockroom_runtime::SystemClock;

use crate::client::Client;

/// The number of polls, one second apart, for asynchronous results.
const MAX_POLLS: usize = 120;
/// The variable with the address of an emulator.
const ENDPOINT: &str = "AWS_ENDPOINT_URL";
/// The script that deploys the stack with additional parameters.
const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy");

/// A stack on AWS or in an emulator.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) name: String,
    url: String,
    pub(crate) table: String,
    /// The address of the emulator; `None` for AWS.
    endpoint: Option<String>,
    /// Whether the emulator is `MiniStack`, which enforces roles and shows sent mails.
    is_ministack: bool,
    /// A suffix that is unique to this run.
    pub(crate) run: String,
}

impl Stack {
    /// The stack that `tests/deployed/run` deployed.
    pub(crate) fn of_environment() -> Self {
        let name = variable("STACK_NAME").unwrap_or_else(|| panic!("STACK_NAME is missing: run tests/deployed/run"));
        let endpoint = variable(ENDPOINT);
        let described = aws(&["cloudformation", "describe-stacks", "--stack-name", &name]);
        let outputs = described["Stacks"][0]["Outputs"].as_array().unwrap();
        let output = |key: &str| {
            let output = outputs.iter().find(|output| output["OutputKey"] == key);
            output.unwrap_or_else(|| panic!("the stack has no output {key}"))["OutputValue"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let mut url = output("Url");
        if let Some(endpoint) = &endpoint {
            // The host names of an API do not resolve to the emulator.
            let (api, stage) = url.trim_start_matches("https://").split_once('/').unwrap();
            let api = api.split('.').next().unwrap();
            url = format!("{endpoint}/restapis/{api}/{stage}/_user_request_");
        }
        // From the script, so that an emulator that does not answer cannot disable checks.
        let is_ministack = variable("STACK_EMULATOR").is_some();
        let now = SystemClock.now().unix_seconds();
        Self { table: output("TableName"), run: format!("{now:x}"), name, url, endpoint, is_ministack }
    }

    /// A client without tenant and token.
    pub(crate) fn anonymous(&self) -> Client {
        Client::of(&self.url)
    }

    /// Whether the stack is in an emulator.
    pub(crate) fn is_emulated(&self) -> bool {
        self.endpoint.is_some()
    }

    /// An address that accepts mail; on AWS, one of the mailbox simulator.
    pub(crate) fn address(&self, name: &str, subdomain: &str) -> String {
        match self.endpoint {
            Some(_) => format!("{name}@{subdomain}.example"),
            None => format!("success+{name}-{subdomain}@simulator.amazonses.com"),
        }
    }

    pub(crate) fn is_ministack(&self) -> bool {
        self.is_ministack
    }

    /// The text of a mail, once it has arrived.
    pub(crate) async fn mail(&self, to: &str, subject: &str) -> String {
        let mailbox = Client::of(self.endpoint.as_ref().unwrap());
        let what = format!("a mail to {to} about {subject}");
        poll(&what, async || {
            let found = mailbox.get(MAILBOX).await.expect(200).json();
            let mut mails = found["messages"].as_object().unwrap().values().flat_map(|mails| mails.as_array().unwrap());
            let is_it = |mail: &&Value| {
                mail["To"][0].as_str().unwrap().contains(to) && mail["Subject"].as_str().unwrap().contains(subject)
            };
            mails.find(is_it).map(|mail| mail["BodyText"].as_str().unwrap().to_owned())
        })
        .await
    }

    /// The number of mails of an organization that SES accepted, once there are at least this many.
    pub(crate) async fn sent_mails(&self, organization: &str, at_least: usize) -> usize {
        let key = json!({":claims": {"S": format!("ORG#{organization}#CLAIM")}}).to_string();
        let query = ["dynamodb", "query", "--table-name", &self.table, "--consistent-read"];
        let keys = ["--key-condition-expression", "pk = :claims", "--expression-attribute-values", &key];
        let query = [query.as_slice(), &keys].concat();
        poll(&format!("{at_least} mails of {organization}"), async || {
            let found = aws(&query);
            let claims = found["Items"].as_array().unwrap();
            let sent = claims.iter().filter(|claim| claim["state"]["S"] == "SENT").count();
            (sent >= at_least).then_some(sent)
        })
        .await
    }

    /// Fires a schedule of the stack, by another schedule with the same target that is due in 5 s.
    pub(crate) fn fire(&self, job: &str) {
        let schedule = format!("{}-{job}", self.name);
        let found = aws(&["scheduler", "get-schedule", "--name", &schedule]);
        let (now, target) = (SystemClock.now(), found["Target"].to_string());
        let due = format!("at({})", seconds(now.plus(Duration::from_secs(5))));
        let name = format!("{schedule}-{}", self.run);
        let create = ["scheduler", "create-schedule", "--name", &name, "--schedule-expression", &due];
        let once = ["--flexible-time-window", "Mode=OFF", "--action-after-completion", "DELETE", "--target", &target];
        aws(&[create.as_slice(), &once].concat());
    }

    /// The version of a function that the alias `live` points to.
    pub(crate) fn version_of(&self, function: &str) -> u32 {
        let function = format!("{}-{function}", self.name);
        let alias = aws(&["lambda", "get-alias", "--function-name", &function, "--name", "live"]);
        alias["FunctionVersion"].as_str().unwrap().parse().unwrap()
    }

    /// The number of messages in a queue of the stack.
    pub(crate) fn messages_in(&self, queue: &str) -> String {
        let queue = aws(&["sqs", "get-queue-url", "--queue-name", &format!("{}-{queue}", self.name)]);
        let url = queue["QueueUrl"].as_str().unwrap();
        let number = "ApproximateNumberOfMessages";
        let found = aws(&["sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", number]);
        found["Attributes"][number].as_str().unwrap().to_owned()
    }

    /// Assumes a role of the stack, as Lambda does for a function. On AWS, only Lambda can.
    pub(crate) fn role(&self, logical_id: &str) -> Role {
        let resource = ["--stack-name", &self.name, "--logical-resource-id", logical_id];
        let found = aws(&[["cloudformation", "describe-stack-resource"].as_slice(), &resource].concat());
        let name = found["StackResourceDetail"]["PhysicalResourceId"].as_str().unwrap();
        let role = aws(&["iam", "get-role", "--role-name", name]);
        let arn = role["Role"]["Arn"].as_str().unwrap();
        let assumed = aws(&["sts", "assume-role", "--role-arn", arn, "--role-session-name", "deployed"]);
        Role { name: name.to_owned(), credentials: assumed["Credentials"].clone() }
    }

    /// Whether calls with unknown credentials are refused.
    pub(crate) fn refuses_unknown_credentials(&self) -> bool {
        let mut call = command();
        call.args(["dynamodb", "describe-table", "--table-name", &self.table]).env_remove("AWS_SESSION_TOKEN");
        call.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "of no user");
        text(&call.output().unwrap().stderr).contains("UnrecognizedClientException")
    }
}

/// The role of a function.
#[derive(Debug)]
pub(crate) struct Role {
    name: String,
    credentials: Value,
}

impl Role {
    /// Whether the role allows this call.
    pub(crate) fn allows(&self, arguments: &[&str]) -> bool {
        let mut call = command();
        for (variable, member) in [
            ("AWS_ACCESS_KEY_ID", "AccessKeyId"),
            ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"),
            ("AWS_SESSION_TOKEN", "SessionToken"),
        ] {
            call.env(variable, self.credentials[member].as_str().unwrap());
        }
        let done = call.args(arguments).output().unwrap();
        let said = text(&done.stderr);
        assert!(done.status.success() || said.contains("AccessDenied"), "aws {arguments:?}: {said}");
        done.status.success()
    }

    /// Removes a policy and returns its document.
    pub(crate) fn remove_policy(&self, policy: &str) -> String {
        let named = ["--role-name", &self.name, "--policy-name", policy];
        let found = aws(&[["iam", "get-role-policy"].as_slice(), &named].concat());
        aws(&[["iam", "delete-role-policy"].as_slice(), &named].concat());
        found["PolicyDocument"].to_string()
    }

    pub(crate) fn restore_policy(&self, policy: &str, document: &str) {
        let named = ["--role-name", &self.name, "--policy-name", policy, "--policy-document", document];
        aws(&[["iam", "put-role-policy"].as_slice(), &named].concat());
    }
}

/// The path where `MiniStack` shows sent mails.
const MAILBOX: &str = "/_ministack/ses/messages";

/// Deploys the stack again with these parameters.
pub(crate) fn deploy(parameters: &[&str]) {
    let done = Command::new(DEPLOY).args(parameters).output().unwrap();
    assert!(done.status.success(), "{}{}", text(&done.stdout), text(&done.stderr));
}

/// Runs the AWS CLI and returns its output.
pub(crate) fn aws(arguments: &[&str]) -> Value {
    let done = command().args(arguments).args(["--output", "json"]).output().unwrap();
    assert!(done.status.success(), "aws {arguments:?}: {}", text(&done.stderr));
    if done.stdout.is_empty() { Value::Null } else { serde_json::from_slice(&done.stdout).unwrap() }
}

fn command() -> Command {
    let mut call = Command::new("aws");
    if let Some(endpoint) = variable(ENDPOINT) {
        // Not every command reads the variable.
        call.args(["--endpoint-url", &endpoint]);
    }
    call
}

/// Polls until there is a result.
async fn poll<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    for _ in 0..MAX_POLLS {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    panic!("{what}: no result after {MAX_POLLS} s")
}

/// A moment in the format of the scheduler.
fn seconds(at: Timestamp) -> String {
    at.to_string().chars().take("2026-11-27T05:00:00".len()).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[expect(clippy::disallowed_methods, reason = "tests/deployed/run passes its settings in the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
