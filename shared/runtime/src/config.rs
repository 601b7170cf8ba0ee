//! Settings: environment variables, read once. `infra/SETTINGS.md` lists them with their defaults.

mod group;
mod reader;
mod start_page;
mod values;

use std::{fmt, time::Duration};

use sentry::types::Dsn;
use stockroom_domain::{limit::Limit, text::Email};
use stockroom_store::Connection;

pub use self::{
    group::Group,
    start_page::{SampleAccount, StartPage},
    values::{Environment, LogLevel},
};
use self::{
    reader::Reader,
    values::{AllOf, Allowed, MailFrom, Origins, PageBytes, Positive, PublicUrl, SentryDsn, Settle, Switch},
};
use crate::keys::Keys;

/// The settings of a function. Those outside its groups have their defaults.
#[derive(Clone)]
pub struct Config {
    /// `ENV`: where it runs.
    pub environment: Environment,
    /// `LOG_LEVEL`: `error`, `warn`, `info`, `debug` or `trace`.
    pub log_level: LogLevel,
    /// `AWS_LAMBDA_FUNCTION_NAME`: which function it is, for logs, metrics and reports.
    pub function: String,
    /// `SENTRY_DSN`: the project of Sentry that gets reports and traces.
    pub(crate) sentry_dsn: Option<Dsn>,
    /// `PROJECT_NAME`: issuer of tokens.
    pub project_name: String,
    /// `ALGORITHM`, `SECRET_KEY`, `SECRET_KEY_PREVIOUS`, `TOKEN_PRIVATE_KEY`, `TOKEN_PUBLIC_KEYS` and `CURSOR_KEY`.
    pub keys: Keys,
    /// `ACCESS_TOKEN_EXPIRE_MINUTES`.
    pub access_token_lifetime: Duration,
    /// `REFRESH_TOKEN_EXPIRE_DAYS`.
    pub refresh_token_lifetime: Duration,
    /// `TENANT_BASE_DOMAIN`: under it, the subdomain of `Host` names the tenant.
    pub tenant_base_domain: Option<String>,
    /// `PUBLIC_URL`: address of the product, without a slash at its end. Links in mail begin with it.
    pub public_url: String,
    /// `CORS_ORIGINS`: origins that may call from a browser.
    pub cors_origins: Vec<String>,
    /// `LIMIT_REQUESTS` and the others.
    pub limits: Limits,
    /// `FEED_SETTLE_SECONDS`: how long before now a feed ends.
    pub feed_settle: Duration,
    /// `MAX_PAGE_BYTES`: largest sum of a page's items, as the gateway receives them.
    pub max_page_bytes: usize,
    /// `DOCS_ENABLED`: whether the documentation is served.
    pub docs_enabled: bool,
    /// `CONSOLE_ENABLED`: whether the console is served: the start page, and the pages that links in mail open.
    pub console_enabled: bool,
    /// `START_PAGE`: additions to the start page.
    pub start_page: StartPage,
    /// `TABLE_NAME` and the SDK's own variables.
    pub connection: Connection,
    /// `EVENT_BUS_NAME`: name of the EventBridge bus.
    pub event_bus_name: String,
    /// `MAIL_FROM`: sender of mail. See [`Config::mail_from`].
    mail_from: Option<Email>,
    /// `AWS_ENDPOINT_URL_EVENTBRIDGE`: endpoint of EventBridge in place of the region's.
    pub events_endpoint: Option<String>,
    /// `AWS_ENDPOINT_URL_SESV2`: endpoint of SES in place of the region's.
    pub mail_endpoint: Option<String>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("environment", &self.environment).finish_non_exhaustive()
    }
}

/// Rate limits; `None` switches a limit off.
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

/// Missing or invalid settings. The text gives each name with the expected form, never the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the settings cannot be used: {}", self.0.join("; "))
    }
}

impl std::error::Error for ConfigError {}

impl ConfigError {
    /// One error, as the operator reads it.
    pub fn of(fault: impl Into<String>) -> Self {
        Self(vec![fault.into()])
    }

    pub(crate) fn missing(name: &str, expected: &str) -> Self {
        Self::of(format!("{name} is missing, expected {expected}"))
    }

    /// The errors of both.
    ///
    /// # Errors
    /// The errors of both.
    pub fn both<A, B>(one: Result<A, Self>, other: Result<B, Self>) -> Result<(A, B), Self> {
        match (one, other) {
            (Ok(one), Ok(other)) => Ok((one, other)),
            (Err(Self(mut faults)), Err(Self(more))) => {
                // Both may miss the same setting.
                let new: Vec<_> = more.into_iter().filter(|fault| !faults.contains(fault)).collect();
                faults.extend(new);
                Err(Self(faults))
            }
            (Err(fault), Ok(_)) | (Ok(_), Err(fault)) => Err(fault),
        }
    }
}

impl Config {
    /// Reads the general settings and those of these groups from the environment of the process.
    ///
    /// # Errors
    /// Every setting of these that is missing or invalid.
    #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
    pub fn from_env(groups: &[Group]) -> Result<Self, ConfigError> {
        Self::of_groups(groups, |name| std::env::var(name).ok())
    }

    /// Reads the settings of all groups from `variables`. An empty value counts as unset.
    ///
    /// # Errors
    /// Every setting that is missing or invalid.
    pub fn from_vars(variables: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        Self::of_groups(Group::ALL, variables)
    }

    /// Reads the general settings and those of these groups from `variables`. All others have their defaults.
    ///
    /// # Errors
    /// Every setting of these that is missing or invalid.
    pub fn of_groups(groups: &[Group], variables: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut read = Reader { variables: &variables, faults: Vec::new(), groups };
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
        let is_deployed = matches!(environment, Some(Environment::Staging | Environment::Production));
        let public_url = if is_deployed && read.reads("PUBLIC_URL") {
            read.required("PUBLIC_URL", PublicUrl::EXPECTED)
        } else {
            read.or("PUBLIC_URL", PublicUrl("http://localhost:8000".to_owned()))
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
        let console = read.or("CONSOLE_ENABLED", Switch(true));
        let start_page = read.or("START_PAGE", StartPage::default());
        let event_bus_name = read.or("EVENT_BUS_NAME", "stockroom".to_owned());
        let mail_from = if is_deployed && read.reads("MAIL_FROM") {
            read.required("MAIL_FROM", MailFrom::EXPECTED)
        } else {
            read.or("MAIL_FROM", MailFrom("no-reply@stockroom.example".parse().ok()))
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
                console_enabled: console?.0,
                start_page: start_page?,
                connection: connection?,
                event_bus_name: event_bus_name?,
                mail_from: mail_from?.0.filter(|_| groups.contains(&Group::Mail)),
                events_endpoint,
                mail_endpoint,
            })
        };
        build().ok_or(ConfigError(faults))
    }

    /// Reads the settings of the table from the environment of the process, for `migrate`.
    ///
    /// # Errors
    /// Every setting of these that is missing.
    #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
    pub fn connection_from_env() -> Result<Connection, ConfigError> {
        let mut read = Reader { variables: &|name| std::env::var(name).ok(), faults: Vec::new(), groups: &[] };
        read.connection().ok_or(ConfigError(read.faults))
    }

    /// The sender of mail.
    ///
    /// # Errors
    /// The group [`Group::Mail`] was not read.
    pub fn mail_from(&self) -> Result<&Email, ConfigError> {
        self.mail_from.as_ref().ok_or_else(|| ConfigError::missing("MAIL_FROM", MailFrom::EXPECTED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(changes: &[(&str, &str)]) -> Result<Config, ConfigError> {
        read_groups(Group::ALL, changes)
    }

    fn read_groups(groups: &[Group], changes: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let usual = [
            ("SECRET_KEY", "0123456789abcdef0123456789abcdef"),
            ("CURSOR_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            ("TABLE_NAME", "stockroom"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ];
        Config::of_groups(groups, |name| {
            let all = changes.iter().chain(&usual);
            all.into_iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn read_with_a_bad_setting_of_another_group_succeeds() {
        let bad = [("LIMIT_LOGIN", "many"), ("CURSOR_KEY", "short"), ("EVENT_BUS_NAME", "events")];
        let config = read_groups(&[Group::Bus], &bad).unwrap();
        assert_eq!(config.event_bus_name, "events");
        assert_eq!(config.limits.login, "5/minute".parse().ok());
        let faults = read_groups(&[Group::Bus, Group::Http], &bad).unwrap_err().to_string();
        assert!(faults.contains("LIMIT_LOGIN") && faults.contains("CURSOR_KEY"), "{faults}");
        assert!(read_groups(&[], &[("LOG_LEVEL", "loud")]).is_err());
    }

    #[test]
    fn read_without_settings_uses_defaults() {
        let config = read(&[]).unwrap();
        assert_eq!(config.environment, Environment::Development);
        assert_eq!(config.access_token_lifetime, Duration::from_mins(15));
        assert!(config.cors_origins.is_empty());
    }

    #[test]
    fn read_of_invalid_settings_names_every_error_and_shows_no_value() {
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
    fn read_of_cors_origins_accepts_browser_origins_only() {
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
    fn read_in_production_requires_public_url() {
        let url = |settings: &[(&str, &str)]| read_groups(&[Group::Http], settings).map(|config| config.public_url);
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
    fn read_of_limits_uses_defaults_unless_off() {
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
    fn read_of_several_limits_requires_different_windows() {
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
    fn read_of_feed_settle_below_the_write_deadline_is_refused() {
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
    fn read_without_a_dsn_disables_reports() {
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
    fn debug_of_settings_hides_secrets() {
        let shown = format!("{:?} {:?}", read(&[]).unwrap(), read(&[]).unwrap().keys);
        assert!(!shown.contains("0123456789abcdef"), "{shown}");
    }

    #[test]
    fn read_of_mail_from_is_required_for_sending_functions_in_production() {
        let from = |changes: &[(&str, &str)]| read(changes).map(|config| config.mail_from().unwrap().to_string());
        assert_eq!(from(&[]).unwrap(), "no-reply@stockroom.example");
        let production = [("ENV", "production"), ("PUBLIC_URL", "https://stockroom.example.com")];
        assert!(from(&production).unwrap_err().to_string().contains("MAIL_FROM is missing"));
        assert!(read_groups(&[Group::Http], &production).unwrap().mail_from().is_err());
        let given = [production.as_slice(), &[("MAIL_FROM", "stock@acme.example")]].concat();
        assert_eq!(from(&given).unwrap(), "stock@acme.example");
        assert!(read(&[("MAIL_FROM", "Stock <stock@acme.example>")]).unwrap_err().to_string().contains("MAIL_FROM"));
    }
}
