//! Settings: environment variables, read once. `infra/SETTINGS.md` lists them with their defaults.

use std::{fmt, str::FromStr, time::Duration};

use sentry::types::Dsn;
use stockroom_domain::{limit::Limit, text::Email};
use stockroom_store::{Connection, WRITE_DEADLINE};
use tracing_subscriber::filter::LevelFilter;

use crate::keys::{Algorithm, Keys, PublicKeys};

/// All settings of a function.
#[derive(Clone)]
pub struct Config {
    /// `ENV`: where it runs.
    pub environment: Environment,
    /// `LOG_LEVEL`: `error`, `warn`, `info`, `debug` or `trace`.
    pub log_level: LogLevel,
    /// `AWS_LAMBDA_FUNCTION_NAME`: which function it is, for logs, metrics and reports.
    pub function: String,
    /// `SENTRY_DSN`: where errors and traces are reported. Only the reports look at it.
    pub(crate) sentry_dsn: Option<Dsn>,
    /// `PROJECT_NAME`: who issues the tokens.
    pub project_name: String,
    /// `ALGORITHM`, `SECRET_KEY`, `SECRET_KEY_PREVIOUS`, `TOKEN_PRIVATE_KEY`, `TOKEN_PUBLIC_KEYS` and `CURSOR_KEY`.
    pub keys: Keys,
    /// `ACCESS_TOKEN_EXPIRE_MINUTES`.
    pub access_token_lifetime: Duration,
    /// `REFRESH_TOKEN_EXPIRE_DAYS`.
    pub refresh_token_lifetime: Duration,
    /// `TENANT_BASE_DOMAIN`: under it, the subdomain of `Host` names the tenant.
    pub tenant_base_domain: Option<String>,
    /// `PUBLIC_URL`: where people use the product; links in mail begin with it. Without a slash at its end.
    pub public_url: String,
    /// `CORS_ORIGINS`: who may call from a browser.
    pub cors_origins: Vec<String>,
    /// `LIMIT_REQUESTS` and the others.
    pub limits: Limits,
    /// `FEED_SETTLE_SECONDS`: how far behind the present a feed of events ends.
    pub feed_settle: Duration,
    /// `MAX_PAGE_BYTES`: how large the items of a page become together, as the gateway receives them.
    pub max_page_bytes: usize,
    /// `DOCS_ENABLED`: whether the API's documentation is served.
    pub docs_enabled: bool,
    /// `TABLE_NAME` and the SDK's own variables.
    pub connection: Connection,
    /// `EVENT_BUS_NAME`: the EventBridge bus that events are put on.
    pub event_bus_name: String,
    /// `MAIL_FROM`: whom mail comes from. Only what sends mail asks for it, by [`Config::mail_from`].
    mail_from: Option<Email>,
    /// `AWS_ENDPOINT_URL_EVENTBRIDGE`: another endpoint of EventBridge than the region's.
    pub events_endpoint: Option<String>,
    /// `AWS_ENDPOINT_URL_SESV2`: another endpoint of SES than the region's.
    pub mail_endpoint: Option<String>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("environment", &self.environment).finish_non_exhaustive()
    }
}

/// How many requests are let through; `None` switches a limit off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// `LIMIT_REQUESTS`: of a user.
    pub requests: Option<Limit>,
    /// `LIMIT_TENANT`: of all users of an organization.
    pub tenant: Option<Limit>,
    /// `LIMIT_ADDRESS`: without an access token, from one address.
    pub address: Option<Limit>,
    /// `LIMIT_LOGIN`: attempts at one account from one address.
    pub login: Option<Limit>,
    /// `LIMIT_LOGIN_ADDRESS`: attempts at any account from one address.
    pub login_address: Option<Limit>,
    /// `LIMIT_ONBOARDING`: sign-ups from one address.
    pub onboarding: Option<Limit>,
    /// `LIMIT_INVITATIONS`: users added, and addresses changed, in an organization; all of them must hold.
    pub invitations: Vec<Limit>,
    /// `LIMIT_LINK_MAILS`: mails with a link to one account.
    pub link_mails: Option<Limit>,
    /// `LIMIT_MAILBOX`: mails with a link to one address, from all organizations.
    pub mailbox: Option<Limit>,
}

/// Where a function runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    Development,
    Testing,
    Staging,
    Production,
}

impl Environment {
    /// Its name as a setting.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Testing => "testing",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

impl FromStr for Environment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "development" => Self::Development,
            "testing" => Self::Testing,
            "staging" => Self::Staging,
            "production" => Self::Production,
            _ => return Err("development, testing, staging or production"),
        })
    }
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLevel(pub(crate) LevelFilter);

impl LogLevel {
    /// Warnings and errors alone.
    pub const WARN: Self = Self(LevelFilter::WARN);
    /// A line for every request, too.
    pub const INFO: Self = Self(LevelFilter::INFO);
    /// What helps to find a fault, too.
    pub const DEBUG: Self = Self(LevelFilter::DEBUG);
}

impl FromStr for LogLevel {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [LevelFilter::ERROR, LevelFilter::WARN, LevelFilter::INFO, LevelFilter::DEBUG, LevelFilter::TRACE]
            .into_iter()
            .find(|level| level.to_string().eq_ignore_ascii_case(text))
            .map(Self)
            .ok_or("error, warn, info, debug or trace")
    }
}

/// Settings that are missing or cannot be used. It names them and what is expected, never what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the settings cannot be used: {}", self.0.join("; "))
    }
}

impl std::error::Error for ConfigError {}

impl ConfigError {
    /// One error of a setting, as the operator reads it.
    pub fn of(fault: impl Into<String>) -> Self {
        Self(vec![fault.into()])
    }

    pub(crate) fn missing(name: &str, expected: &str) -> Self {
        Self::of(format!("{name} is missing, expected {expected}"))
    }

    /// Both, or what is wrong with either.
    ///
    /// # Errors
    /// The faults of both.
    pub fn both<A, B>(one: Result<A, Self>, other: Result<B, Self>) -> Result<(A, B), Self> {
        match (one, other) {
            (Ok(one), Ok(other)) => Ok((one, other)),
            (Err(Self(mut faults)), Err(Self(more))) => {
                // Several may miss the same.
                let new: Vec<_> = more.into_iter().filter(|fault| !faults.contains(fault)).collect();
                faults.extend(new);
                Err(Self(faults))
            }
            (Err(fault), Ok(_)) | (Ok(_), Err(fault)) => Err(fault),
        }
    }
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// Every setting that is missing or cannot be used.
    #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_vars(|name| std::env::var(name).ok())
    }

    /// Reads settings from anywhere. An empty value counts as none.
    ///
    /// # Errors
    /// Every setting that is missing or cannot be used.
    pub fn from_vars(variables: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut read = Reader { variables: &variables, faults: Vec::new() };
        let environment = read.or("ENV", Environment::Development);
        let debug = read.or("DEBUG", Switch(false));
        let level = if debug.is_some_and(|Switch(on)| on) { LogLevel::DEBUG } else { LogLevel::INFO };
        let log_level = read.or("LOG_LEVEL", level);
        let function = read.or("AWS_LAMBDA_FUNCTION_NAME", "stockroom".to_owned());
        let sentry_dsn = read.optional("SENTRY_DSN");
        let project_name = read.or("PROJECT_NAME", "stockroom".to_owned());
        let keys = read.keys();
        let minutes = read.or("ACCESS_TOKEN_EXPIRE_MINUTES", Positive(15));
        let days = read.or("REFRESH_TOKEN_EXPIRE_DAYS", Positive(7));
        let tenant_base_domain = read.optional("TENANT_BASE_DOMAIN");
        let public_url = match environment {
            Some(Environment::Staging | Environment::Production) => read.required("PUBLIC_URL", PublicUrl::EXPECTED),
            Some(Environment::Development | Environment::Testing) | None => {
                read.or("PUBLIC_URL", PublicUrl("http://localhost:8000".to_owned()))
            }
        };
        let cors_origins = read.or("CORS_ORIGINS", Origins::default());
        let requests = read.limit("LIMIT_REQUESTS", "600/minute");
        let tenant = read.limit("LIMIT_TENANT", "6000/minute");
        let address = read.limit("LIMIT_ADDRESS", "300/minute");
        let login = read.limit("LIMIT_LOGIN", "5/minute");
        let login_address = read.limit("LIMIT_LOGIN_ADDRESS", "60/minute");
        let onboarding = read.limit("LIMIT_ONBOARDING", "3/hour");
        let invitations = read.limit("LIMIT_INVITATIONS", "20/hour,100/day");
        let link_mails = read.limit("LIMIT_LINK_MAILS", "3/hour");
        let mailbox = read.limit("LIMIT_MAILBOX", "10/hour");
        let settle = read.or("FEED_SETTLE_SECONDS", Settle(Duration::from_secs(15)));
        let page_bytes = read.or("MAX_PAGE_BYTES", PageBytes(PageBytes::MAX));
        let connection = read.connection();
        let docs = read.or("DOCS_ENABLED", Switch(true));
        let event_bus_name = read.or("EVENT_BUS_NAME", "stockroom".to_owned());
        let mail_from = match environment {
            Some(Environment::Staging | Environment::Production) => read.optional("MAIL_FROM"),
            Some(Environment::Development | Environment::Testing) | None => {
                let local = MailFrom("no-reply@stockroom.example".parse().ok());
                read.or("MAIL_FROM", local).map(|MailFrom(from)| from.map(|from| MailFrom(Some(from))))
            }
        };
        let for_all = read.text("AWS_ENDPOINT_URL");
        let events_endpoint = read.text("AWS_ENDPOINT_URL_EVENTBRIDGE").or_else(|| for_all.clone());
        let mail_endpoint = read.text("AWS_ENDPOINT_URL_SESV2").or(for_all);
        let faults = read.faults;
        let build = || {
            Some(Self {
                environment: environment?,
                log_level: log_level?,
                function: function?,
                sentry_dsn: sentry_dsn?.map(|SentryDsn(dsn)| dsn),
                project_name: project_name?,
                keys: keys?,
                access_token_lifetime: Duration::from_secs(u64::from(minutes?.0).saturating_mul(60)),
                refresh_token_lifetime: Duration::from_secs(u64::from(days?.0).saturating_mul(24 * 60 * 60)),
                tenant_base_domain: tenant_base_domain?,
                public_url: public_url?.0,
                cors_origins: cors_origins?.0,
                limits: Limits {
                    requests: requests.map(|Allowed(limit)| limit)?,
                    tenant: tenant.map(|Allowed(limit)| limit)?,
                    address: address.map(|Allowed(limit)| limit)?,
                    login: login.map(|Allowed(limit)| limit)?,
                    login_address: login_address.map(|Allowed(limit)| limit)?,
                    onboarding: onboarding.map(|Allowed(limit)| limit)?,
                    invitations: invitations.map(|AllOf(limits)| limits)?,
                    link_mails: link_mails.map(|Allowed(limit)| limit)?,
                    mailbox: mailbox.map(|Allowed(limit)| limit)?,
                },
                feed_settle: settle?.0,
                max_page_bytes: page_bytes?.0,
                docs_enabled: docs?.0,
                connection: connection?,
                event_bus_name: event_bus_name?,
                mail_from: mail_from?.and_then(|MailFrom(from)| from),
                events_endpoint,
                mail_endpoint,
            })
        };
        build().ok_or(ConfigError(faults))
    }

    /// Reads from the process's environment where the table is and who asks, for a program that needs no more.
    ///
    /// # Errors
    /// Every setting of these that is missing.
    #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
    pub fn connection_from_env() -> Result<Connection, ConfigError> {
        let mut read = Reader { variables: &|name| std::env::var(name).ok(), faults: Vec::new() };
        read.connection().ok_or(ConfigError(read.faults))
    }

    /// Whom mail comes from, for what sends mail.
    ///
    /// # Errors
    /// `MAIL_FROM` is missing where nothing stands in for it: in staging and production.
    pub fn mail_from(&self) -> Result<&Email, ConfigError> {
        self.mail_from.as_ref().ok_or_else(|| ConfigError::missing("MAIL_FROM", MailFrom::EXPECTED))
    }
}

struct Reader<'a> {
    variables: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<String>,
}

impl Reader<'_> {
    fn text(&self, name: &str) -> Option<String> {
        (self.variables)(name).filter(|value| !value.is_empty())
    }

    fn required<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        let value = self.text(name).and_then(|text| text.parse().ok());
        if value.is_none() {
            let found = if self.text(name).is_some() { "cannot be used" } else { "is missing" };
            self.faults.push(format!("{name} {found}, expected {expected}"));
        }
        value
    }

    #[expect(clippy::option_option, reason = "the outer one says whether it could be read")]
    fn optional<T: FromStr<Err: fmt::Display>>(&mut self, name: &str) -> Option<Option<T>> {
        let Some(text) = self.text(name) else { return Some(None) };
        match text.parse() {
            Ok(value) => Some(Some(value)),
            Err(expected) => {
                self.faults.push(format!("{name} cannot be used, expected {expected}"));
                None
            }
        }
    }

    fn or<T: FromStr<Err: fmt::Display>>(&mut self, name: &str, default: T) -> Option<T> {
        self.optional(name).map(|value| value.unwrap_or(default))
    }

    fn keys(&mut self) -> Option<Keys> {
        let algorithm = self.or("ALGORITHM", Algorithm::Hs256);
        let secret = self.optional("SECRET_KEY");
        let previous = self.optional("SECRET_KEY_PREVIOUS");
        let private = self.optional("TOKEN_PRIVATE_KEY");
        let public = self.or("TOKEN_PUBLIC_KEYS", PublicKeys::default());
        let cursor = self.optional("CURSOR_KEY");
        Some(Keys {
            algorithm: algorithm?,
            secret: secret?,
            previous: previous?,
            private: private?,
            public: public?,
            cursor: cursor?,
        })
    }

    fn connection(&mut self) -> Option<Connection> {
        let table = self.required("TABLE_NAME", "the name of the DynamoDB table");
        let region = match self.text("AWS_REGION") {
            Some(region) => Some(region),
            None => self.required("AWS_DEFAULT_REGION", "an AWS region such as eu-central-1 (or AWS_REGION)"),
        };
        let access_key_id = self.required("AWS_ACCESS_KEY_ID", "the access key that Lambda sets, or one of yours");
        let secret_access_key = self.required("AWS_SECRET_ACCESS_KEY", "the secret of the access key");
        Some(Connection {
            table: table?,
            region: region?,
            endpoint: self.text("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| self.text("AWS_ENDPOINT_URL")),
            access_key_id: access_key_id?,
            secret_access_key: secret_access_key?,
            session_token: self.text("AWS_SESSION_TOKEN"),
            has_own_roots: self.text("SSL_CERT_FILE").is_some(),
        })
    }

    fn limit<T: FromStr<Err: fmt::Display>>(&mut self, name: &str, default: &str) -> Option<T> {
        let value = self.text(name);
        let allowed = value.as_deref().unwrap_or(default).parse();
        allowed.map_err(|expected| self.faults.push(format!("{name} cannot be used, expected {expected}"))).ok()
    }
}

/// What a limit allows; without one, everything.
struct Allowed(Option<Limit>);

impl FromStr for Allowed {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self(None));
        }
        let expected = "1 to 1000000 per second, minute, hour or day, such as 600/minute, or off";
        text.parse().map(|limit| Self(Some(limit))).map_err(|_| expected)
    }
}

/// Limits that must all hold, each in a time of its own: `20/hour,100/day`.
struct AllOf(Vec<Limit>);

impl FromStr for AllOf {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "limits in different times such as 20/hour,100/day, or off";
        if text == "off" {
            return Ok(Self(Vec::new()));
        }
        let limits: Result<Vec<Limit>, _> = text.split(',').map(|limit| limit.trim().parse()).collect();
        let limits = limits.map_err(|_| EXPECTED)?;
        let windows: std::collections::BTreeSet<_> = limits.iter().map(|limit| limit.window_seconds()).collect();
        if windows.len() == limits.len() { Ok(Self(limits)) } else { Err(EXPECTED) }
    }
}

/// Where Sentry takes reports, with the public key of a project.
struct SentryDsn(Dsn);

impl FromStr for SentryDsn {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| "a DSN of Sentry such as https://key@o1.ingest.sentry.io/1")
    }
}

struct Positive(u32);

impl FromStr for Positive {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().ok().filter(|number| (1..=100_000).contains(number)).map(Self).ok_or("a whole number from 1 on")
    }
}

/// How long after an entry's id was made it is sure to be there or not: longer than any write may take, with room for
/// clocks that differ.
#[derive(Clone, Copy)]
struct Settle(Duration);

impl FromStr for Settle {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = text.parse().ok().filter(|seconds| *seconds <= 3_600).map(Duration::from_secs);
        let seconds = seconds.filter(|settle| *settle > WRITE_DEADLINE).map(Self);
        seconds.ok_or_else(|| format!("a whole number of seconds above {}", WRITE_DEADLINE.as_secs()))
    }
}

/// How large the items of a page become together. A function's answer ends at 6 MB; a page leaves a sixth of that free,
/// and 64 KiB for headers, the cursor and the link.
struct PageBytes(usize);

impl PageBytes {
    const MAX: usize = (5 * 1024 - 64) * 1024;
}

impl FromStr for PageBytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = text.parse().ok().filter(|bytes| (1..=Self::MAX).contains(bytes)).map(Self);
        bytes.ok_or_else(|| format!("a whole number of bytes from 1 to {}", Self::MAX))
    }
}

/// Origins as a browser writes them: scheme and host in lower case, a port perhaps, nothing behind.
#[derive(Default)]
struct Origins(Vec<String>);

impl FromStr for Origins {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_origin = |origin: &&str| {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:[]".contains(c);
            host.is_some_and(|host| !host.is_empty() && host.chars().all(allowed))
        };
        let origins: Vec<&str> = text.split(',').map(str::trim).collect();
        if !origins.iter().all(is_origin) {
            return Err("origins such as https://app.example.com, separated by commas");
        }
        Ok(Self(origins.into_iter().map(str::to_owned).collect()))
    }
}

/// An address that a path can be appended to.
struct PublicUrl(String);

impl PublicUrl {
    const EXPECTED: &str = "an address such as https://stockroom.example.com, without query and fragment";
}

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
        let host = rest.split('/').next().unwrap_or_default();
        let is_plain = rest.chars().all(|c| c.is_ascii_graphic() && !"?#@\"<>\\".contains(c));
        if host.is_empty() || !is_plain {
            return Err(Self::EXPECTED);
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}

/// An address that mail comes from.
struct MailFrom(Option<Email>);

impl MailFrom {
    const EXPECTED: &str = "an e-mail address that SES may send from";
}

impl FromStr for MailFrom {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(|from| Self(Some(from))).map_err(|_| Self::EXPECTED)
    }
}

#[derive(Clone, Copy)]
struct Switch(bool);

impl FromStr for Switch {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "true" | "1" | "on" => Ok(Self(true)),
            "false" | "0" | "off" => Ok(Self(false)),
            _ => Err("true or false"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(changes: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let usual = [
            ("SECRET_KEY", "0123456789abcdef0123456789abcdef"),
            ("CURSOR_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            ("TABLE_NAME", "stockroom"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ];
        Config::from_vars(|name| {
            let all = changes.iter().chain(&usual);
            all.into_iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn defaults_fill_what_is_not_said() {
        let config = read(&[]).unwrap();
        assert_eq!(config.environment, Environment::Development);
        assert_eq!(config.access_token_lifetime, Duration::from_mins(15));
        assert!(config.cors_origins.is_empty());
    }

    #[test]
    fn every_fault_is_named_with_what_is_expected_and_no_value_is_shown() {
        let wrong = [("SECRET_KEY", "short-secret"), ("CURSOR_KEY", "short"), ("TABLE_NAME", ""), ("ENV", "live")];
        let faults = read(&wrong).unwrap_err();
        assert_eq!(
            faults.to_string(),
            "the settings cannot be used: ENV cannot be used, expected development, testing, staging or production; \
             SECRET_KEY cannot be used, expected at least 32 random characters; \
             CURSOR_KEY cannot be used, expected 32 random bytes in URL-safe base64; \
             TABLE_NAME is missing, expected the name of the DynamoDB table"
        );
    }

    #[test]
    fn origins_are_what_a_browser_would_send() {
        let origins = |text| read(&[("CORS_ORIGINS", text)]).map(|config| config.cors_origins);
        assert_eq!(
            origins("https://a.example, http://[::1]:3000").unwrap(),
            ["https://a.example", "http://[::1]:3000"]
        );
        for bad in ["*", "https://", "a.example", "https://a.example/", "https://A.example", "https://a.example,"] {
            assert!(origins(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn links_begin_with_an_address_that_is_said_where_people_are_served() {
        let url = |settings: &[(&str, &str)]| read(settings).map(|config| config.public_url);
        assert_eq!(url(&[]).unwrap(), "http://localhost:8000");
        assert_eq!(
            url(&[("PUBLIC_URL", "https://a.example/app/"), ("ENV", "production")]).unwrap(),
            "https://a.example/app"
        );
        for bad in
            ["a.example", "https://", "https:///x", "ftp://a.example", "https://a.example/?q", "https://a b.example"]
        {
            assert!(url(&[("PUBLIC_URL", bad)]).is_err(), "{bad}");
        }
        for environment in ["staging", "production"] {
            let missing = url(&[("ENV", environment)]).unwrap_err().to_string();
            assert!(missing.contains("PUBLIC_URL is missing, expected an address such as"), "{missing}");
        }
    }

    #[test]
    fn limits_hold_unless_they_are_off() {
        let limits = read(&[("LIMIT_TENANT", "off"), ("LIMIT_LOGIN", "7/hour")]).unwrap().limits;
        let shown = |limit: Option<Limit>| limit.map(|limit| (limit.burst(), limit.window_seconds()));
        assert_eq!(shown(limits.requests), Some((600, 60)));
        assert_eq!((shown(limits.tenant), shown(limits.login)), (None, Some((7, 3_600))));
        assert_eq!((shown(limits.address), shown(limits.login_address)), (Some((300, 60)), Some((60, 60))));
        assert_eq!(shown(limits.onboarding), Some((3, 3_600)));
        assert_eq!((shown(limits.link_mails), shown(limits.mailbox)), (Some((3, 3_600)), Some((10, 3_600))));
        for bad in ["0/minute", "600", "600/week", "Off", "-1/second", "1e3/hour", "600 /minute"] {
            assert_eq!(
                read(&[("LIMIT_REQUESTS", bad)]).unwrap_err().to_string(),
                "the settings cannot be used: LIMIT_REQUESTS cannot be used, expected 1 to 1000000 per second, minute, \
                 hour or day, such as 600/minute, or off"
            );
        }
    }

    #[test]
    fn several_limits_hold_together_in_different_times() {
        let limits = |text: &str| {
            let limits = read(&[("LIMIT_INVITATIONS", text)]).ok()?.limits.invitations;
            Some(limits.into_iter().map(|limit| (limit.burst(), limit.window_seconds())).collect::<Vec<_>>())
        };
        assert_eq!(limits(""), Some(vec![(20, 3_600), (100, 86_400)]));
        assert_eq!(limits("5/minute, 7/hour"), Some(vec![(5, 60), (7, 3_600)]));
        assert_eq!(limits("off"), Some(Vec::new()));
        for bad in ["5/hour,7/hour", "5/hour,", "5/hour,off", ","] {
            assert_eq!(limits(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_feed_ends_behind_every_write() {
        let limit = 5 * 1024 * 1024 - 64 * 1024;
        assert_eq!(read(&[]).unwrap().max_page_bytes, limit);
        assert_eq!(read(&[("MAX_PAGE_BYTES", "1000000")]).unwrap().max_page_bytes, 1_000_000);
        for bad in ["0", "-1", "1.5", "6MB", &(limit + 1).to_string()] {
            assert!(read(&[("MAX_PAGE_BYTES", bad)]).is_err(), "{bad}");
        }
        assert_eq!(read(&[]).unwrap().feed_settle, Duration::from_secs(15));
        assert_eq!(read(&[("FEED_SETTLE_SECONDS", "11")]).unwrap().feed_settle, Duration::from_secs(11));
        for bad in ["10", "0", "-1", "12.5", "1e2", "99999999999"] {
            assert!(read(&[("FEED_SETTLE_SECONDS", bad)]).is_err(), "{bad}");
        }
    }

    #[test]
    fn reports_go_where_a_dsn_says_and_nowhere_without_one() {
        let dsn = |text: &str| read(&[("SENTRY_DSN", text)]).map(|config| config.sentry_dsn);
        assert_eq!(dsn("").unwrap(), None);
        let given = dsn("https://key@o1.ingest.sentry.io/1").unwrap().unwrap();
        assert_eq!((given.public_key(), given.host()), ("key", "o1.ingest.sentry.io"));
        for bad in ["https://o1.ingest.sentry.io/1", "key@sentry.io/1", "https://key@sentry.io", "on"] {
            let faults = dsn(bad).unwrap_err().to_string();
            assert!(faults.contains("SENTRY_DSN cannot be used, expected a DSN"), "{faults}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown = format!("{:?} {:?}", read(&[]).unwrap(), read(&[]).unwrap().keys);
        assert!(!shown.contains("0123456789abcdef"), "{shown}");
    }

    #[test]
    fn whom_mail_comes_from_is_asked_for_by_who_sends_it() {
        let from = |changes: &[(&str, &str)]| read(changes).unwrap().mail_from().map(ToString::to_string);
        assert_eq!(from(&[]).unwrap(), "no-reply@stockroom.example");
        let production = [("ENV", "production"), ("PUBLIC_URL", "https://stockroom.example.com")];
        assert!(from(&production).unwrap_err().to_string().contains("MAIL_FROM is missing"));
        let given = [production.as_slice(), &[("MAIL_FROM", "stock@acme.example")]].concat();
        assert_eq!(from(&given).unwrap(), "stock@acme.example");
        assert!(read(&[("MAIL_FROM", "Stock <stock@acme.example>")]).unwrap_err().to_string().contains("MAIL_FROM"));
    }
}
