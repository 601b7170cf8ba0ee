//! Mail, and who carries it.

use aws_sdk_sesv2::{
    Client,
    error::{BuildError, DisplayErrorContext, SdkError},
    operation::send_email::SendEmailError,
    types::{Body, Content, Destination, EmailContent, Message},
};
use stockroom_domain::id::OrganizationId;

use crate::{address::Address, connection::sdk_config, unlinked::unlinked};

/// What a mail says, in two forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The subject, on one line and without anything that a mail program makes a link of.
    pub subject: String,
    /// A page.
    pub html: String,
    /// The same for who reads no pages.
    pub plain: String,
}

impl Text {
    pub(crate) fn new(subject: &str, (html, plain): (String, String)) -> Self {
        // The one place where a subject is made: names of any kind stand in it.
        Self { subject: unlinked(subject), html, plain }
    }
}

/// A mail to one person. Nobody else's address is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub organization: OrganizationId,
    pub from: Address,
    pub to: Address,
    pub text: Text,
}

/// Why a mail was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It never will be: there is something wrong with this very mail or its address.
    #[error("the mail was refused: {0}")]
    Refused(String),
    /// It may be later; or it was, and the answer was lost.
    #[error("the mail could not be handed over: {0}")]
    Unavailable(String),
}

/// Who carries mail.
pub trait Mailer: Send + Sync {
    /// Hands a mail over, once.
    fn send(&self, mail: &Mail) -> impl Future<Output = Result<(), SendError>> + Send;
}

/// SES.
#[derive(Debug, Clone)]
pub struct Ses {
    client: Client,
}

impl Ses {
    /// Makes the client; connects with the first call. The SDK's own retries are off: after a lost answer they would send
    /// a second mail.
    #[must_use]
    pub fn new(config: &stockroom_runtime::Config) -> Self {
        let settings = sdk_config(config.connection.clone(), config.mail_endpoint.clone());
        Self { client: Client::new(&settings) }
    }
}

impl Mailer for Ses {
    async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        let header = |address: &Address| {
            address.header().ok_or_else(|| SendError::Refused("the address has no form in ASCII".to_owned()))
        };
        let (from, to) = (header(&mail.from)?, header(&mail.to)?);
        let content = content(&mail.text).map_err(|error| SendError::Refused(error.to_string()))?;
        let call = self
            .client
            .send_email()
            .from_email_address(from)
            .destination(Destination::builder().to_addresses(to).build())
            .content(content);
        Box::pin(call.send()).await.map(|_| ()).map_err(|error| failure(&error))
    }
}

fn content(text: &Text) -> Result<EmailContent, BuildError> {
    let part = |data: &str| Content::builder().data(data).charset("UTF-8").build();
    let body = Body::builder().html(part(&text.html)?).text(part(&text.plain)?).build();
    let message = Message::builder().subject(part(&text.subject)?).body(body).build();
    Ok(EmailContent::builder().simple(message).build())
}

/// Only what is said of this mail itself is final; what concerns the account or the moment passes. An identity that is not
/// verified is the account's: the sender's before its domain is set up, and in SES's sandbox that of whoever is written to.
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

/// SES names whom it refuses; the log does not.
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
        let told = |error: SendEmailError| failure(&SdkError::service_error(error, ()));
        let refused = [
            SendEmailError::MessageRejected(MessageRejected::builder().build()),
            SendEmailError::BadRequestException(BadRequestException::builder().build()),
        ];
        for error in refused {
            assert!(matches!(told(error), SendError::Refused(_)));
        }
        let busy = SendEmailError::TooManyRequestsException(TooManyRequestsException::builder().build());
        assert!(matches!(told(busy), SendError::Unavailable(_)));
        let lost = failure(&SdkError::<SendEmailError, ()>::timeout_error("late"));
        assert!(matches!(lost, SendError::Unavailable(_)));
    }

    #[test]
    fn send_error_of_an_unverified_identity_is_unavailable() {
        let message = "Email address is not verified. The following identities failed the check: nancy@acme.example";
        let error = ErrorMetadata::builder().code("MessageRejected").message(message).build();
        let rejected = MessageRejected::builder().message(message).meta(error).build();
        let told = failure(&SdkError::service_error(SendEmailError::MessageRejected(rejected), ()));
        let SendError::Unavailable(reason) = told else { panic!("it is tried again") };
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
