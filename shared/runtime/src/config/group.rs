//! Groups of settings. A function reads the general settings and its groups; a bad setting of another group does not
//! stop it.

/// Settings that are used together. The general settings belong to no group: every program reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Functions behind the gateway: tokens, cursors, tenants, browsers, rate limits, pages.
    Http,
    /// Makers of links in mail.
    Links,
    /// Programs that put events on the bus.
    Bus,
    /// Senders of mail.
    Mail,
}

impl Group {
    /// All groups: for the local stack, which runs every function in one process.
    pub const ALL: &[Self] = &[Self::Http, Self::Links, Self::Bus, Self::Mail];

    /// The groups that a setting belongs to; `None` for a general setting.
    #[must_use]
    pub fn of(setting: &str) -> Option<&'static [Self]> {
        Some(match setting {
            "PROJECT_NAME"
            | "ALGORITHM"
            | "TOKEN_PRIVATE_KEY"
            | "TOKEN_PUBLIC_KEYS"
            | "CURSOR_KEY"
            | "ACCESS_TOKEN_EXPIRE_MINUTES"
            | "REFRESH_TOKEN_EXPIRE_DAYS"
            | "CORS_ORIGINS"
            | "DOCS_ENABLED"
            | "CONSOLE_ENABLED"
            | "START_PAGE"
            | "FEED_SETTLE_SECONDS"
            | "MAX_PAGE_BYTES" => &[Self::Http],
            "SECRET_KEY" | "SECRET_KEY_PREVIOUS" | "PUBLIC_URL" | "TENANT_BASE_DOMAIN" | "LIMIT_LINK_MAILS" => {
                &[Self::Http, Self::Links]
            }
            "LIMIT_MAILBOX" => &[Self::Links],
            limit if limit.starts_with("LIMIT_") => &[Self::Http],
            "EVENT_BUS_NAME" | "AWS_ENDPOINT_URL_EVENTBRIDGE" => &[Self::Bus],
            "MAIL_FROM" | "AWS_ENDPOINT_URL_SESV2" => &[Self::Mail],
            _ => return None,
        })
    }
}
