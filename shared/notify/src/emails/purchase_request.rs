//! The email about a purchase request.

use askama::Template;
use stockroom_domain::{
    organization::Organization,
    purchasing::{Act, PurchaseRequest, PurchaseRequestItem, PurchaseRequestStatus},
    text::{CloseReason, Notes, RejectionReason},
};

use crate::transport::Content;

/// The change of a purchase request that the email is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurchaseRequestNews {
    /// It was submitted and waits for a decision.
    Submitted,
    /// It was approved and can be ordered.
    Approved,
    /// It was rejected.
    Rejected,
    /// Goods have arrived.
    Received,
    /// Some or all of its lines were closed: the rest of them will not be delivered.
    Closed,
}

/// An email about a purchase request.
#[derive(Debug)]
pub struct PurchaseRequestEmail<'a> {
    /// Its organization.
    pub organization: &'a Organization,
    /// The request as it is now.
    pub request: &'a PurchaseRequest,
    /// The change.
    pub news: PurchaseRequestNews,
}

#[derive(Template)]
#[template(path = "purchase_request.html")]
struct PurchaseRequestHtml<'a>(&'a PurchaseRequestView<'a>);

#[derive(Template)]
#[template(path = "purchase_request.txt")]
struct PurchaseRequestPlain<'a>(&'a PurchaseRequestView<'a>);

struct PurchaseRequestView<'a> {
    organization: &'a str,
    headline: &'a str,
    sentence: &'a str,
    number: String,
    created_by: &'a str,
    notes: Option<&'a str>,
    reason: Option<&'a str>,
    shows_received: bool,
    shows_closed: bool,
    items: &'a [PurchaseRequestItem],
}

impl PurchaseRequestEmail<'_> {
    /// The content of the email.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn content(&self) -> Result<Content, askama::Error> {
        let Self { organization, request, news } = *self;
        let (headline, sentence) = self.headline_and_sentence();
        let milestones = request.milestones();
        let reason = match news {
            PurchaseRequestNews::Rejected => milestones.rejection_reason.map(RejectionReason::as_str),
            PurchaseRequestNews::Closed => {
                milestones.closing.and_then(|closing| closing.reason.as_ref()).map(CloseReason::as_str)
            }
            PurchaseRequestNews::Submitted | PurchaseRequestNews::Approved | PurchaseRequestNews::Received => None,
        };
        let view = PurchaseRequestView {
            organization: organization.name.as_str(),
            headline: &headline,
            sentence: &sentence,
            number: request.request_number.to_string(),
            created_by: request.created_by.full_name.as_str(),
            notes: request.notes.as_ref().map(Notes::as_str),
            reason,
            shows_received: matches!(news, PurchaseRequestNews::Received | PurchaseRequestNews::Closed),
            shows_closed: self.has_closed_lines(),
            items: &request.items,
        };
        let subject = format!("{headline} - {}", organization.name);
        Ok(Content::new(&subject, (PurchaseRequestHtml(&view).render()?, PurchaseRequestPlain(&view).render()?)))
    }

    fn has_closed_lines(&self) -> bool {
        self.request.items.iter().any(|item| item.cancelled_quantity.is_positive())
    }

    fn headline_and_sentence(&self) -> (String, String) {
        let Self { request, news, .. } = *self;
        let number = &request.request_number;
        let milestones = request.milestones();
        let by = |act: Option<&Act>| act.map_or_else(String::new, |act| format!(" by {}", act.by.full_name));
        let closed_by = by(milestones.closing.map(|closing| &closing.act));
        let is_complete = request.status() == PurchaseRequestStatus::Received;
        match news {
            PurchaseRequestNews::Submitted => (
                format!("{number} waits for a decision"),
                format!(
                    "{} submitted a purchase request. Approve or reject it in Stockroom.",
                    request.created_by.full_name
                ),
            ),
            PurchaseRequestNews::Approved => (
                format!("{number} was approved"),
                format!("Your purchase request was approved{}. It can be ordered now.", by(milestones.approved)),
            ),
            PurchaseRequestNews::Rejected => (
                format!("{number} was rejected"),
                format!("Your purchase request was rejected{}. You can create another one.", by(milestones.rejected)),
            ),
            PurchaseRequestNews::Closed if is_complete => (
                format!("{number} was closed"),
                format!("Your purchase request was closed{closed_by}. Nothing more of it will arrive."),
            ),
            PurchaseRequestNews::Closed => (
                format!("Part of {number} was closed"),
                format!("Lines of your purchase request were closed{closed_by}. The other lines are still to arrive."),
            ),
            PurchaseRequestNews::Received if is_complete && self.has_closed_lines() => (
                format!("{number} has arrived"),
                "Your purchase request has arrived, except for the closed quantities.".to_owned(),
            ),
            PurchaseRequestNews::Received if is_complete => {
                (format!("{number} has arrived"), "All of your purchase request has arrived.".to_owned())
            }
            PurchaseRequestNews::Received => (
                format!("Part of {number} has arrived"),
                "Part of your purchase request has arrived. The rest is still to arrive.".to_owned(),
            ),
        }
    }
}
