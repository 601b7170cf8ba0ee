//! Says where a request has made a mail due. What the mail needs is in the log entry of the request.

use stockroom_domain::id::{OrganizationId, UserId};
use stockroom_runtime::MAIL_TARGET;

use crate::context::RequestContext;

/// A kind of mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mail {
    /// A link to set the first password.
    Invitation,
    /// A link to set a new one.
    PasswordReset,
}

/// Writes a log line, with nothing in it that opens the account or tells whose it is: no token, no address.
pub fn mail_is_due(mail: Mail, organization: OrganizationId, user: UserId, context: &RequestContext) {
    let kind = match mail {
        Mail::Invitation => "invitation",
        Mail::PasswordReset => "password_reset",
    };
    tracing::info!(target: MAIL_TARGET, request_id = context.id, kind, %organization, %user, "a mail is due");
}
