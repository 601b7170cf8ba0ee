//! The flat form in which a purchase request is stored and logged.

use serde::{Deserialize, Serialize};

use super::{
    Act, Approval, Closing, Milestones, Order, Progress, PurchaseRequest, PurchaseRequestItem, PurchaseRequestNumber,
    PurchaseRequestStatus,
};
use crate::{
    id::PurchaseRequestId,
    organization::Currency,
    text::{CloseReason, Notes, RejectionReason},
    time::Timestamp,
    user::Person,
};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredPurchaseRequest {
    id: PurchaseRequestId,
    version: u64,
    request_number: PurchaseRequestNumber,
    status: PurchaseRequestStatus,
    notes: Option<Notes>,
    #[serde(default)]
    currency: Option<Currency>,
    items: Vec<PurchaseRequestItem>,
    created_by: Person,
    submitted_at: Option<Timestamp>,
    approved_by: Option<Person>,
    approved_at: Option<Timestamp>,
    rejected_by: Option<Person>,
    rejected_at: Option<Timestamp>,
    rejection_reason: Option<RejectionReason>,
    ordered_at: Option<Timestamp>,
    received_by: Option<Person>,
    received_at: Option<Timestamp>,
    cancelled_by: Option<Person>,
    cancelled_at: Option<Timestamp>,
    #[serde(default)]
    closed_by: Option<Person>,
    #[serde(default)]
    closed_at: Option<Timestamp>,
    #[serde(default)]
    close_reason: Option<CloseReason>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A stored request lacks data that its status requires, or has data that its status does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the data of the purchase request does not fit its status {}", .0.name())]
pub(super) struct WrongData(PurchaseRequestStatus);

impl From<PurchaseRequest> for StoredPurchaseRequest {
    fn from(request: PurchaseRequest) -> Self {
        let milestones = request.milestones();
        let Milestones { submitted_at, approved, rejected, rejection_reason, ordered_at, .. } = milestones;
        let Milestones { received, cancelled, closing, .. } = milestones;
        let closed = closing.map(|closing| &closing.act);
        let by = |act: Option<&Act>| act.map(|act| act.by.clone());
        let at = |act: Option<&Act>| act.map(|act| act.at);
        Self {
            status: request.status(),
            submitted_at,
            approved_by: by(approved),
            approved_at: at(approved),
            rejected_by: by(rejected),
            rejected_at: at(rejected),
            rejection_reason: rejection_reason.cloned(),
            ordered_at,
            received_by: by(received),
            received_at: at(received),
            cancelled_by: by(cancelled),
            cancelled_at: at(cancelled),
            closed_by: by(closed),
            closed_at: at(closed),
            close_reason: closing.and_then(|closing| closing.reason.clone()),
            id: request.id,
            version: request.version,
            request_number: request.request_number,
            notes: request.notes,
            currency: request.currency,
            items: request.items,
            created_by: request.created_by,
            created_at: request.created_at,
            updated_at: request.updated_at,
        }
    }
}

impl TryFrom<StoredPurchaseRequest> for PurchaseRequest {
    type Error = WrongData;

    fn try_from(mut stored: StoredPurchaseRequest) -> Result<Self, WrongData> {
        let status = stored.status;
        let progress = stored.take_progress().filter(|_| stored.has_no_progress()).ok_or(WrongData(status))?;
        Ok(Self {
            id: stored.id,
            version: stored.version,
            request_number: stored.request_number,
            progress,
            notes: stored.notes,
            currency: stored.currency,
            items: stored.items,
            created_by: stored.created_by,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        })
    }
}

impl StoredPurchaseRequest {
    /// Takes the data of the status; `None` if some of it is missing.
    fn take_progress(&mut self) -> Option<Progress> {
        Some(match self.status {
            PurchaseRequestStatus::Draft => Progress::Draft,
            PurchaseRequestStatus::Submitted => Progress::Submitted { submitted_at: self.submitted_at.take()? },
            PurchaseRequestStatus::Approved => Progress::Approved(self.take_approval()?),
            PurchaseRequestStatus::Rejected => Progress::Rejected {
                submitted_at: self.submitted_at.take()?,
                rejected: take_act(&mut self.rejected_by, &mut self.rejected_at)?,
                reason: self.rejection_reason.take()?,
            },
            PurchaseRequestStatus::Ordered => {
                Progress::Ordered { order: self.take_order()?, closing: self.take_closing() }
            }
            PurchaseRequestStatus::Received => {
                let (order, closing) = (self.take_order()?, self.take_closing());
                match take_act(&mut self.received_by, &mut self.received_at) {
                    Some(received) => Progress::Received { order, received, closing },
                    None => Progress::Closed { order, closing: closing? },
                }
            }
            PurchaseRequestStatus::Cancelled => Progress::Cancelled {
                submitted_at: self.submitted_at.take()?,
                approved: take_act(&mut self.approved_by, &mut self.approved_at),
                cancelled: take_act(&mut self.cancelled_by, &mut self.cancelled_at)?,
            },
        })
    }

    fn take_approval(&mut self) -> Option<Approval> {
        let approved = take_act(&mut self.approved_by, &mut self.approved_at)?;
        Some(Approval { submitted_at: self.submitted_at.take()?, approved })
    }

    fn take_order(&mut self) -> Option<Order> {
        Some(Order { approval: self.take_approval()?, ordered_at: self.ordered_at.take()? })
    }

    fn take_closing(&mut self) -> Option<Closing> {
        let act = take_act(&mut self.closed_by, &mut self.closed_at)?;
        Some(Closing { act, reason: self.close_reason.take() })
    }

    /// Whether all data of the status was taken.
    fn has_no_progress(&self) -> bool {
        let people = [&self.approved_by, &self.rejected_by, &self.received_by, &self.cancelled_by, &self.closed_by];
        let times = [
            self.submitted_at,
            self.approved_at,
            self.rejected_at,
            self.ordered_at,
            self.received_at,
            self.cancelled_at,
            self.closed_at,
        ];
        people.iter().all(|person| person.is_none())
            && times.iter().all(Option::is_none)
            && self.rejection_reason.is_none()
            && self.close_reason.is_none()
    }
}

/// Takes both parts of an act. One part alone stays, and is reported as superfluous.
fn take_act(by: &mut Option<Person>, at: &mut Option<Timestamp>) -> Option<Act> {
    if at.is_none() {
        return None;
    }
    Some(Act { by: by.take()?, at: at.take()? })
}
