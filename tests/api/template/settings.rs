//! The settings that the template gives to functions are settings that they read.

use std::{collections::BTreeSet, fs};

use serde_json::{Map, Value};
use stockroom_runtime::{Config, Group};

use super::parsed::{functions, parameters, resources, text, variables};

/// A key that is published, in RFC 8410 (10.3), and its public half.
const PRIVATE_KEY: &str = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
const PUBLIC_KEY: &str = "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE";

/// How many letters and digits the template asks for.
fn length(secret: &str) -> usize {
    let generated = &resources()[secret]["Properties"]["GenerateSecretString"];
    assert_eq!(generated["ExcludePunctuation"], true, "{secret}");
    usize::try_from(generated["PasswordLength"].as_u64().unwrap()).unwrap()
}

/// What a function is given: what every one is, and its own.
fn given(function: &str) -> Map<String, Value> {
    let mut given = variables();
    let own = functions()[function]["Environment"]["Variables"].as_object().cloned();
    given.extend(own.unwrap_or_default());
    given
}

/// The value of a variable while these conditions hold; `None` if the function does not get the variable. A variable is
/// a text, so a list is the three parts of an `!If`.
fn under(value: &Value, holding: &[&str]) -> Option<Value> {
    if let Some(parts) = value.as_array() {
        let [condition, yes, no] = &parts[..] else { panic!("{value:?}") };
        return under(if holding.contains(&condition.as_str().unwrap()) { yes } else { no }, holding);
    }
    (value != "AWS::NoValue").then(|| value.clone())
}

/// What a function makes of its settings while these conditions hold, when these letters and digits were generated.
fn config(function: &str, groups: &[Group], holding: &[&str], (secret_key, cursor_key): (&str, &str)) -> Config {
    let given = given(function);
    let secrets = [
        ("{{resolve:secretsmanager:${SecretKey}:SecretString:::${SecretKeyVersion}}}", secret_key),
        ("{{resolve:secretsmanager:${SecretKey}:SecretString:::${OtherSecretKeyVersion}}}", secret_key),
        ("{{resolve:secretsmanager:${CursorKey}:SecretString}}", cursor_key),
        ("{{resolve:secretsmanager:${TokenKeyArn}:SecretString:::${TokenKeyVersion}}}", PRIVATE_KEY),
    ];
    let config = Config::of_groups(groups, |name| {
        let value = match name {
            // These come from Lambda.
            "AWS_REGION" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => return Some("of-lambda".to_owned()),
            "ENV" => "production",
            "LOG_LEVEL" => "info",
            "PUBLIC_URL" => "https://stockroom.example.com",
            "TABLE_NAME" => "table",
            "MAIL_FROM" => "stock@acme.example",
            "TOKEN_PUBLIC_KEYS" => PUBLIC_KEY,
            "ALGORITHM" | "SECRET_KEY" | "SECRET_KEY_PREVIOUS" | "CURSOR_KEY" | "TOKEN_PRIVATE_KEY" => {
                let value = text(&under(given.get(name)?, holding)?);
                return Some(secrets.iter().fold(value, |value, (reference, secret)| value.replace(reference, secret)));
            }
            _ => "",
        };
        given.contains_key(name).then(|| value.to_owned())
    });
    config.unwrap()
}

#[test]
fn function_starts_with_its_settings() {
    let signs: Vec<char> = ('a'..='z').chain('A'..='Z').chain('0'..='9').collect();
    for first in &signs {
        let generated =
            |length| signs.iter().cycle().skip_while(|sign| *sign != first).take(length).collect::<String>();
        let generated = (&*generated(length("SecretKey")), &*generated(length("CursorKey")));
        let keys = config("products", &[Group::Http], &[], generated).keys;
        keys.cursor().unwrap();
        keys.verifying().unwrap();
    }
}

#[test]
fn function_has_the_keys_it_uses() {
    let keys = |function: &str, holding: &[&str]| {
        let groups = [Group::Http, Group::Links];
        let keys = config(function, &groups, holding, (&"s".repeat(64), &"c".repeat(42))).keys;
        [keys.verifying().is_ok(), keys.signing().is_ok(), keys.secrets().is_ok()]
    };
    for name in functions().into_keys() {
        // All functions share one key.
        assert_eq!(keys(&name, &["HasOtherSecretKey", "SharesOtherSecretKey"]), [true, true, true], "{name}");
        let expected = match name.as_str() {
            "auth" => [true, true, true],
            "notifications" => [true, false, true],
            _ => [true, false, false],
        };
        assert_eq!(keys(&name, &["HasTokenKey", "HasOtherSecretKey"]), expected, "{name}");
    }
}

/// The groups of settings that a function reads.
fn groups(function: &str) -> &'static [Group] {
    match function {
        "relay" => stockroom_relay::SETTINGS,
        "notifications" => stockroom_notifications::SETTINGS,
        "cleanup" => stockroom_cleanup::SETTINGS,
        "low-stock" => stockroom_low_stock::SETTINGS,
        "weekly-report" => stockroom_weekly_report::SETTINGS,
        _ => &[Group::Http],
    }
}

#[test]
fn start_with_a_bad_setting_of_another_group_succeeds() {
    let start = |function: &str, bad: &str| {
        let required = ["TABLE_NAME", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        Config::of_groups(groups(function), |name| (name == bad || required.contains(&name)).then(|| "?".to_owned()))
    };
    for name in functions().into_keys() {
        let is_http = groups(&name) == [Group::Http];
        assert_eq!(start(&name, "LIMIT_LOGIN").is_err(), is_http, "{name}");
        assert_eq!(start(&name, "MAIL_FROM").is_err(), groups(&name).contains(&Group::Mail), "{name}");
        assert!(start(&name, "LOG_LEVEL").is_err(), "{name}");
    }
}

#[test]
fn every_group_of_the_settings_page_is_the_programs() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/SETTINGS.md")).unwrap();
    let (_, groups) = page.split_once("## Groups").unwrap();
    let (groups, _) = groups.split_once("\n## ").unwrap();
    let listed = |group: &str| {
        let row = groups.lines().find(|line| line.starts_with(&format!("| `{group}` "))).unwrap();
        row.split('`').skip(3).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let sample = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.env.sample")).unwrap();
    let names = sample.lines().filter_map(|line| line.trim_start_matches(['#', ' ']).split_once('='));
    let names: BTreeSet<String> = names.map(|(name, _)| name.to_owned()).collect();
    for group in Group::ALL {
        let of_group = |name: &&String| Group::of(name).is_some_and(|groups| groups.contains(group));
        let expected: BTreeSet<String> = names.iter().filter(of_group).cloned().collect();
        assert_eq!(listed(&format!("{group:?}")), expected, "{group:?}");
    }
}

#[test]
fn template_setting_is_in_the_sample() {
    let sample = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.env.sample")).unwrap();
    for (name, _) in functions().into_keys().flat_map(|function| given(&function)) {
        assert!(sample.lines().any(|line| line.split('=').next() == Some(&*name)), "{name} is no setting");
    }
}

#[test]
fn changed_setting_makes_a_new_version_of_every_function() {
    let parameters = parameters();
    let mut referred = BTreeSet::new();
    for (_, variable) in functions().into_keys().flat_map(|function| given(&function)) {
        words_of(&variable, &mut referred);
    }
    referred.retain(|name| parameters.contains_key(name.as_str()));
    // It never changes: it names the stack.
    assert!(referred.remove("Environment"));
    let raised = words(&text(&parameters["SettingsVersion"]["Description"]));
    let (by_hand, by_itself): (BTreeSet<_>, BTreeSet<_>) = referred.iter().partition(|name| raised.contains(*name));

    let others = raised.iter().filter(|name| parameters.contains_key(name.as_str()) && !by_hand.contains(name));
    assert_eq!(others.count(), 0, "a parameter that is in no setting");
    for (name, function) in functions() {
        let described = text(&function["VersionDescription"]);
        assert!(described.contains("${SettingsVersion}"), "{name} does not notice SettingsVersion");
        for parameter in &by_itself {
            assert!(described.contains(&format!("${{{parameter}}}")), "{name} does not notice {parameter}");
        }
    }
}

/// The words in a value of the template, names of parameters among them.
fn words_of(value: &Value, found: &mut BTreeSet<String>) {
    if let Some(values) = value.as_array() {
        for value in values {
            words_of(value, found);
        }
    } else if value.is_string() {
        found.extend(words(&text(value)));
    }
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(|sign: char| !sign.is_ascii_alphanumeric()).map(str::to_owned).collect()
}
