//! The stack that is tested, as its operator sees it: through the AWS CLI.

use std::{process::Command, time::Duration};

use serde_json::{Value, json};
use stockroom_domain::{source::Clock as _, time::Timestamp};
use stockroom_runtime::SystemClock;

use crate::client::Client;

/// How often, a second apart, is looked for what comes by itself and tells nobody that it has come.
const LOOKS: usize = 120;
/// The variable that says where an emulator answers.
const ENDPOINT: &str = "AWS_ENDPOINT_URL";
/// Changes the stack, with these parameters beside those it was made with.
const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy");

/// A stack, and the emulator it may stand in.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) name: String,
    url: String,
    pub(crate) table: String,
    /// Where an emulator answers; none, it is AWS.
    endpoint: Option<String>,
    /// Whether that is `MiniStack`, which enforces roles and shows what was mailed.
    is_ministack: bool,
    /// What tells this run's companies from those of others.
    pub(crate) run: String,
}

impl Stack {
    /// The one that `tests/deployed/run` has made.
    pub(crate) fn of_environment() -> Self {
        let name = variable("STACK_NAME").unwrap_or_else(|| panic!("STACK_NAME names the stack"));
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
            // No name leads to an emulator's API.
            let (api, stage) = url.trim_start_matches("https://").split_once('/').unwrap();
            let api = api.split('.').next().unwrap();
            url = format!("{endpoint}/restapis/{api}/{stage}/_user_request_");
        }
        // Said by who started it, so that nothing of it goes unseen because it does not answer.
        let is_ministack = variable("STACK_EMULATOR").is_some();
        let now = SystemClock.now().unix_seconds();
        Self { table: output("TableName"), run: format!("{now:x}"), name, url, endpoint, is_ministack }
    }

    /// Whoever comes to the product.
    pub(crate) fn visitor(&self) -> Client {
        Client::of(&self.url)
    }

    /// Whether it stands in an emulator, not at AWS.
    pub(crate) fn is_emulated(&self) -> bool {
        self.endpoint.is_some()
    }

    /// An address for somebody, which takes mail: on AWS, that of its simulator.
    pub(crate) fn address(&self, name: &str, subdomain: &str) -> String {
        match self.endpoint {
            Some(_) => format!("{name}@{subdomain}.example"),
            None => format!("success+{name}-{subdomain}@simulator.amazonses.com"),
        }
    }

    pub(crate) fn is_ministack(&self) -> bool {
        self.is_ministack
    }

    /// The text of a mail, once it has come.
    pub(crate) async fn mail(&self, to: &str, subject: &str) -> String {
        let mailbox = Client::of(self.endpoint.as_ref().unwrap());
        let what = format!("a mail to {to} about {subject}");
        soon(&what, async || {
            let found = mailbox.get(MAILBOX).await.expect(200).json();
            let mut mails = found["messages"].as_object().unwrap().values().flat_map(|mails| mails.as_array().unwrap());
            let is_it = |mail: &&Value| {
                mail["To"][0].as_str().unwrap().contains(to) && mail["Subject"].as_str().unwrap().contains(subject)
            };
            mails.find(is_it).map(|mail| mail["BodyText"].as_str().unwrap().to_owned())
        })
        .await
    }

    /// How many mails an organization's people were sent, once there are so many; the product marks each that SES took.
    pub(crate) async fn claims(&self, organization: &str, at_least: usize) -> usize {
        let key = json!({":claims": {"S": format!("ORG#{organization}#CLAIM")}}).to_string();
        let query = ["dynamodb", "query", "--table-name", &self.table, "--consistent-read"];
        let keys = ["--key-condition-expression", "pk = :claims", "--expression-attribute-values", &key];
        let query = [query.as_slice(), &keys].concat();
        soon(&format!("{at_least} mails of {organization}"), async || {
            let found = aws(&query);
            let claims = found["Items"].as_array().unwrap();
            let sent = claims.iter().filter(|claim| claim["state"]["S"] == "SENT").count();
            (sent >= at_least).then_some(sent)
        })
        .await
    }

    /// Has one of the stack's schedules fire, by one beside it with the same target that is due in a moment.
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

    /// The version of a function that is called.
    pub(crate) fn version_of(&self, function: &str) -> u32 {
        let function = format!("{}-{function}", self.name);
        let alias = aws(&["lambda", "get-alias", "--function-name", &function, "--name", "live"]);
        alias["FunctionVersion"].as_str().unwrap().parse().unwrap()
    }

    /// How many messages wait in one of the stack's queues.
    pub(crate) fn waiting_in(&self, queue: &str) -> String {
        let queue = aws(&["sqs", "get-queue-url", "--queue-name", &format!("{}-{queue}", self.name)]);
        let url = queue["QueueUrl"].as_str().unwrap();
        let number = "ApproximateNumberOfMessages";
        let found = aws(&["sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", number]);
        found["Attributes"][number].as_str().unwrap().to_owned()
    }

    /// A role of the stack, taken as Lambda takes it for a function; at AWS, nobody else can.
    pub(crate) fn role(&self, logical_id: &str) -> Role {
        let resource = ["--stack-name", &self.name, "--logical-resource-id", logical_id];
        let found = aws(&[["cloudformation", "describe-stack-resource"].as_slice(), &resource].concat());
        let name = found["StackResourceDetail"]["PhysicalResourceId"].as_str().unwrap();
        let role = aws(&["iam", "get-role", "--role-name", name]);
        let arn = role["Role"]["Arn"].as_str().unwrap();
        let taken = aws(&["sts", "assume-role", "--role-arn", arn, "--role-session-name", "deployed"]);
        Role { name: name.to_owned(), credentials: taken["Credentials"].clone() }
    }

    /// Whether who is nobody is refused.
    pub(crate) fn refuses_strangers(&self) -> bool {
        let mut call = command();
        call.args(["dynamodb", "describe-table", "--table-name", &self.table]).env_remove("AWS_SESSION_TOKEN");
        call.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "of nobody");
        text(&call.output().unwrap().stderr).contains("UnrecognizedClientException")
    }
}

/// A function's role.
#[derive(Debug)]
pub(crate) struct Role {
    name: String,
    credentials: Value,
}

impl Role {
    /// Whether it allows this call.
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

    /// Takes one of its policies away; gives what it was.
    pub(crate) fn take_away(&self, policy: &str) -> String {
        let named = ["--role-name", &self.name, "--policy-name", policy];
        let found = aws(&[["iam", "get-role-policy"].as_slice(), &named].concat());
        aws(&[["iam", "delete-role-policy"].as_slice(), &named].concat());
        found["PolicyDocument"].to_string()
    }

    pub(crate) fn give_back(&self, policy: &str, document: &str) {
        let named = ["--role-name", &self.name, "--policy-name", policy, "--policy-document", document];
        aws(&[["iam", "put-role-policy"].as_slice(), &named].concat());
    }
}

/// Where `MiniStack` shows what was mailed.
const MAILBOX: &str = "/_ministack/ses/messages";

/// Deploys the stack anew.
pub(crate) fn deploy(parameters: &[&str]) {
    let done = Command::new(DEPLOY).args(parameters).output().unwrap();
    assert!(done.status.success(), "{}{}", text(&done.stdout), text(&done.stderr));
}

/// What the AWS CLI says.
pub(crate) fn aws(arguments: &[&str]) -> Value {
    let done = command().args(arguments).args(["--output", "json"]).output().unwrap();
    assert!(done.status.success(), "aws {arguments:?}: {}", text(&done.stderr));
    if done.stdout.is_empty() { Value::Null } else { serde_json::from_slice(&done.stdout).unwrap() }
}

fn command() -> Command {
    let mut call = Command::new("aws");
    if let Some(endpoint) = variable(ENDPOINT) {
        // Not every command of it reads the variable.
        call.args(["--endpoint-url", &endpoint]);
    }
    call
}

/// Looks until there is something.
async fn soon<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    for _ in 0..LOOKS {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    panic!("{what}: nothing came")
}

/// A moment as the scheduler reads it.
fn seconds(at: Timestamp) -> String {
    at.to_string().chars().take("2026-11-27T05:00:00".len()).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[expect(clippy::disallowed_methods, reason = "tests/deployed/run tells by the environment what to test")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
