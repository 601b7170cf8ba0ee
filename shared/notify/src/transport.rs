//! The transport of emails: SES.

use aws_sdk_sesv2::{
    Client,
    error::{BuildError, DisplayErrorContext, SdkError},
    operation::send_email::SendEmailError,
    types::{Body, Content as Part, Destination, EmailContent, Message as SimpleMessage},
};
use stockroom_domain::id::OrganizationId;

use crate::{address::Address, connection::sdk_config, emails::ContentKind, unlinked::unlinked};

/// The content of an email, in two forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The kind, for logs and tests.
    pub kind: ContentKind,
    /// The subject, on one line and without anything that a mail program links.
    pub subject: String,
    /// The HTML form.
    pub html: String,
    /// The plain text form.
    pub plain: String,
}

impl Content {
    pub(crate) fn new(kind: ContentKind, subject: &str, (html, plain): (String, String)) -> Self {
        // Every subject is made here, because any of them can contain names.
        Self { kind, subject: unlinked(subject), html, plain }
    }
}

/// An email as the transport gets it. It has one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub organization: OrganizationId,
    pub from: Address,
    pub to: Address,
    pub content: Content,
}

/// The reason why a message was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// A permanent refusal: the message or its address is invalid.
    #[error("the email was refused: {0}")]
    Refused(String),
    /// It may be accepted later. Or it was accepted, and the answer was lost.
    #[error("the email was not accepted: {0}")]
    Unavailable(String),
}

/// Sends messages.
pub trait Transport: Send + Sync {
    /// Sends a message, without a retry.
    fn send(&self, message: &Message) -> impl Future<Output = Result<(), SendError>> + Send;
}

/// SES.
#[derive(Debug, Clone)]
pub struct Ses {
    client: Client,
}

impl Ses {
    /// Makes the client, which connects with its first call. The retries of the SDK are off: after a lost answer they
    /// would send a second email.
    #[must_use]
    pub fn new(config: &stockroom_runtime::Config) -> Self {
        let settings = sdk_config(config.connection.clone(), config.mail_endpoint.clone());
        Self { client: Client::new(&settings) }
    }
}

impl Transport for Ses {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        let header = |address: &Address| {
            address.header().ok_or_else(|| SendError::Refused("the address has no ASCII form".to_owned()))
        };
        let (from, to) = (header(&message.from)?, header(&message.to)?);
        let content = content(&message.content).map_err(|error| SendError::Refused(error.to_string()))?;
        let call = self
            .client
            .send_email()
            .from_email_address(from)
            .destination(Destination::builder().to_addresses(to).build())
            .content(content);
        Box::pin(call.send()).await.map(|_| ()).map_err(|error| failure(&error))
    }
}

fn content(content: &Content) -> Result<EmailContent, BuildError> {
    let part = |data: &str| Part::builder().data(data).charset("UTF-8").build();
    let body = Body::builder().html(part(&content.html)?).text(part(&content.plain)?).build();
    let message = SimpleMessage::builder().subject(part(&content.subject)?).body(body).build();
    Ok(EmailContent::builder().simple(message).build())
}

/// Only a rejection of this very message is final; errors of the account and of the moment pass. An unverified identity
/// is an error of the account: of the sender before its domain is set up, and of any recipient in the sandbox of SES.
fn failure<R: std::fmt::Debug>(error: &SdkError<SendEmailError, R>) -> SendError
where
    SdkError<SendEmailError, R>: std::error::Error,
{
    let reason = without_addresses(&DisplayErrorContext(error).to_string());
    let is_final = error.as_service_error().is_some_and(|error| {
        let is_of_account = error.meta().message().is_some_and(|message| message.contains("not verified"));
        (error.is_message_rejected() || error.is_bad_request_exception()) && !is_of_account
    });
    if is_final { SendError::Refused(reason) } else { SendError::Unavailable(reason) }
}

/// SES quotes addresses; the log must not contain them.
fn without_addresses(text: &str) -> String {
    let words = text.split_whitespace().map(|word| if word.contains('@') { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use aws_sdk_sesv2::{
        error::ErrorMetadata,
        types::error::{BadRequestException, MessageRejected, TooManyRequestsException},
    };

    use super::*;

    #[test]
    fn send_error_of_a_busy_service_is_unavailable_and_of_a_rejection_refused() {
        let failure_of = |error: SendEmailError| failure(&SdkError::service_error(error, ()));
        let refused = [
            SendEmailError::MessageRejected(MessageRejected::builder().build()),
            SendEmailError::BadRequestException(BadRequestException::builder().build()),
        ];
        for error in refused {
            assert!(matches!(failure_of(error), SendError::Refused(_)));
        }
        let busy = SendEmailError::TooManyRequestsException(TooManyRequestsException::builder().build());
        assert!(matches!(failure_of(busy), SendError::Unavailable(_)));
        let lost = failure(&SdkError::<SendEmailError, ()>::timeout_error("late"));
        assert!(matches!(lost, SendError::Unavailable(_)));
    }

    #[test]
    fn send_error_of_an_unverified_identity_is_unavailable() {
        let message = "Email address is not verified. The following identities failed the check: nancy@acme.example";
        let error = ErrorMetadata::builder().code("MessageRejected").message(message).build();
        let rejected = MessageRejected::builder().message(message).meta(error).build();
        let failed = failure(&SdkError::service_error(SendEmailError::MessageRejected(rejected), ()));
        let SendError::Unavailable(reason) = failed else { panic!("it can be sent later") };
        assert!(reason.contains("is not verified") && !reason.contains("nancy"), "{reason}");
    }

    #[test]
    fn send_error_of_a_rejection_hides_addresses() {
        let message = "Invalid domain name: 'nancy@acme'";
        let rejected = SendEmailError::MessageRejected(MessageRejected::builder().message(message).build());
        let SendError::Refused(reason) = failure(&SdkError::service_error(rejected, ())) else {
            panic!("it is refused")
        };
        assert!(reason.contains("Invalid domain name") && !reason.contains("nancy"), "{reason}");
    }
}
