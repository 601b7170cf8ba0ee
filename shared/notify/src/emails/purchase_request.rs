//! The email about a purchase request.

use askama::Template;
use stockroom_domain::{
    money::Money,
    organization::Organization,
    purchasing::{Act, Estimate, PurchaseRequest, PurchaseRequestItem, PurchaseRequestStatus},
    text::RejectionReason,
};

use super::{ContentKind, Fact, plural};
use crate::{
    quoted::{Quotation, named, value},
    transport::Content,
};

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
    /// The address of its page.
    pub url: &'a str,
}

#[derive(Template)]
#[template(path = "purchase_request.html")]
struct PurchaseRequestHtml<'a>(&'a PurchaseRequestView<'a>);

#[derive(Template)]
#[template(path = "purchase_request.txt")]
struct PurchaseRequestPlain<'a>(&'a PurchaseRequestView<'a>);

struct PurchaseRequestView<'a> {
    organization: String,
    headline: &'a str,
    sentence: &'a str,
    url: &'a str,
    action: &'static str,
    facts: Vec<Fact>,
    quotations: Vec<Quotation>,
    lines: Vec<LineView>,
    lines_headline: String,
    /// The heading of the column of numbers.
    column: String,
    shows_prices: bool,
}

/// A line as the email shows it.
struct LineView {
    product: String,
    /// SKU, warehouse and supplier.
    details: Vec<String>,
    quantity: String,
    /// The price of one unit.
    price: Option<String>,
    cost: Option<String>,
    /// The received, closed and outstanding quantities, without zeros.
    progress: Vec<String>,
}

impl PurchaseRequestEmail<'_> {
    /// The content of the email.
    ///
    /// # Errors
    /// A template that fails, which none does.
    pub fn content(&self) -> Result<Content, askama::Error> {
        let Self { organization, request, url, .. } = *self;
        let (headline, sentence) = self.headline_and_sentence();
        let is_of_cost = matches!(self.news, PurchaseRequestNews::Submitted | PurchaseRequestNews::Approved);
        let shows_prices = is_of_cost && request.estimate().lines > 0;
        let lines = request.items.iter().map(|item| self.line(item, shows_prices)).collect::<Vec<_>>();
        let view = PurchaseRequestView {
            organization: named(organization.name.as_str()),
            headline: &headline,
            sentence,
            url,
            action: if self.news == PurchaseRequestNews::Submitted { "Review the request" } else { "Open the request" },
            facts: self.facts(is_of_cost),
            quotations: self.quotations(),
            lines_headline: plural(lines.len(), "line", "lines"),
            lines,
            column: if shows_prices { format!("Estimate in {}", self.currency()) } else { "Quantity".to_owned() },
            shows_prices,
        };
        let subject = format!("{headline} - {}", view.organization);
        let bodies = (PurchaseRequestHtml(&view).render()?, PurchaseRequestPlain(&view).render()?);
        Ok(Content::new(self.kind(), &subject, bodies))
    }

    fn kind(&self) -> ContentKind {
        match self.news {
            PurchaseRequestNews::Submitted => ContentKind::PurchaseRequestSubmitted,
            PurchaseRequestNews::Approved => ContentKind::PurchaseRequestApproved,
            PurchaseRequestNews::Rejected => ContentKind::PurchaseRequestRejected,
            PurchaseRequestNews::Received => ContentKind::PurchaseRequestReceived,
            PurchaseRequestNews::Closed => ContentKind::PurchaseRequestClosed,
        }
    }

    fn currency(&self) -> String {
        self.request.currency.unwrap_or(self.organization.currency).to_string()
    }

    fn facts(&self, is_of_cost: bool) -> Vec<Fact> {
        let Self { request, news, .. } = *self;
        let milestones = request.milestones();
        let decided = match news {
            PurchaseRequestNews::Submitted => None,
            PurchaseRequestNews::Approved => milestones.approved.map(|act| ("Approved by", act)),
            PurchaseRequestNews::Rejected => milestones.rejected.map(|act| ("Rejected by", act)),
            PurchaseRequestNews::Received => milestones.received.map(|act| ("Received by", act)),
            PurchaseRequestNews::Closed => milestones.closing.map(|closing| ("Closed by", &closing.act)),
        };
        let by = |(label, act): (&'static str, &Act)| Fact::new(label, named(act.by.full_name.as_str()));
        let created = Fact::new("Requested by", named(request.created_by.full_name.as_str()));
        let total = is_of_cost.then(|| self.total());
        total.into_iter().chain([created]).chain(decided.map(by)).collect()
    }

    /// The total of the estimates, and the number of lines that it excludes.
    fn total(&self) -> Fact {
        let Estimate { total, lines, lines_without_price } = self.request.estimate();
        let value = match total {
            _ if lines == 0 => return Fact::new("Estimated total", "no line has an estimate".to_owned()),
            Some(total) => format!("{} {}", self.currency(), total.rounded()),
            None => "too large to show".to_owned(),
        };
        let without = plural(lines_without_price, "line that has no estimate", "lines that have no estimate");
        let note = (lines_without_price > 0).then(|| format!("excludes {without}"));
        Fact { note, ..Fact::new("Estimated total", value) }
    }

    fn quotations(&self) -> Vec<Quotation> {
        let Self { request, news, .. } = *self;
        let milestones = request.milestones();
        let reason = match news {
            PurchaseRequestNews::Rejected => {
                milestones.rejected.zip(milestones.rejection_reason.map(RejectionReason::as_str))
            }
            PurchaseRequestNews::Closed => {
                milestones.closing.and_then(|closing| Some((&closing.act, closing.reason.as_ref()?.as_str())))
            }
            PurchaseRequestNews::Submitted | PurchaseRequestNews::Approved | PurchaseRequestNews::Received => None,
        };
        let reason = reason.map(|(act, reason)| Quotation::by(&act.by.full_name, "Reason", reason));
        let creator = &request.created_by.full_name;
        let notes = request.notes.as_ref().map(|notes| Quotation::of_request(creator, "Notes", notes.as_str()));
        reason.into_iter().chain(notes).collect()
    }

    fn line(&self, item: &PurchaseRequestItem, shows_prices: bool) -> LineView {
        let price = item.estimated_price.filter(|_| shows_prices);
        let cost = item.estimate().filter(|_| shows_prices);
        let warehouse = item.warehouse_name.as_ref().map(|name| format!("for {}", value(name)));
        let supplier = item.supplier_name.as_ref().map(|name| format!("from {}", value(name)));
        LineView {
            product: value(&item.product_name),
            details: [Some(value(&item.sku)), warehouse, supplier].into_iter().flatten().collect(),
            quantity: match &item.unit {
                Some(unit) => format!("{} {}", item.quantity.grouped(), value(unit)),
                None => item.quantity.grouped(),
            },
            price: price.map(Money::grouped),
            cost: cost.map(|cost| cost.rounded().to_string()),
            progress: match self.news {
                PurchaseRequestNews::Received | PurchaseRequestNews::Closed => progress(item),
                PurchaseRequestNews::Submitted | PurchaseRequestNews::Approved | PurchaseRequestNews::Rejected => {
                    Vec::new()
                }
            },
        }
    }

    fn has_closed_lines(&self) -> bool {
        self.request.items.iter().any(|item| item.cancelled_quantity.is_positive())
    }

    /// The headline and the sentence. Neither contains a name.
    fn headline_and_sentence(&self) -> (String, &'static str) {
        let Self { request, news, .. } = *self;
        let number = &request.request_number;
        let is_complete = request.status() == PurchaseRequestStatus::Received;
        match news {
            PurchaseRequestNews::Submitted => (
                format!("{number} waits for a decision"),
                "A purchase request was submitted. Approve or reject it in Stockroom.",
            ),
            PurchaseRequestNews::Approved => {
                (format!("{number} was approved"), "Your purchase request was approved. It can be ordered now.")
            }
            PurchaseRequestNews::Rejected => {
                (format!("{number} was rejected"), "Your purchase request was rejected. You can create another one.")
            }
            PurchaseRequestNews::Closed if is_complete => {
                (format!("{number} was closed"), "Your purchase request was closed. No more goods will arrive.")
            }
            PurchaseRequestNews::Closed => (
                format!("Part of {number} was closed"),
                "Lines of your purchase request were closed. The other lines are still to arrive.",
            ),
            PurchaseRequestNews::Received if is_complete && self.has_closed_lines() => (
                format!("{number} has arrived"),
                "All goods of your purchase request have arrived, except for the closed quantities.",
            ),
            PurchaseRequestNews::Received if is_complete => {
                (format!("{number} has arrived"), "All goods of your purchase request have arrived.")
            }
            PurchaseRequestNews::Received => (
                format!("Part of {number} has arrived"),
                "Part of the goods of your purchase request have arrived. The rest is still to arrive.",
            ),
        }
    }
}

fn progress(item: &PurchaseRequestItem) -> Vec<String> {
    let (received, closed, outstanding) = (item.received_quantity, item.cancelled_quantity, item.outstanding());
    if received == item.quantity {
        return vec!["all arrived".to_owned()];
    }
    if outstanding == item.quantity {
        return vec!["still to arrive".to_owned()];
    }
    if closed == item.quantity {
        return vec!["all closed".to_owned()];
    }
    let parts = [(received, "arrived"), (closed, "closed"), (outstanding, "still to arrive")];
    let shown = parts.into_iter().filter(|(quantity, _)| quantity.is_positive());
    shown.map(|(quantity, what)| format!("{} {what}", quantity.grouped())).collect()
}
