//! The status of a purchase request, with the data that it requires: who, when and why.

use crate::{
    log::Action,
    named::named_enum,
    text::{CloseReason, RejectionReason},
    time::Timestamp,
    user::Person,
};

named_enum! {
    schema: Component "RequestStatus",
    "The status of a purchase request: `DRAFT`, `SUBMITTED`, `APPROVED`, `ORDERED`, `RECEIVED`. `REJECTED`, \
     `RECEIVED` and `CANCELLED` are final.",
    "SUBMITTED";
    /// The status of a purchase request, without its data.
    pub enum PurchaseRequestStatus {
        /// Its lines can still change.
        Draft = "DRAFT",
        /// Waits for a decision.
        Submitted = "SUBMITTED",
        /// Can be ordered.
        Approved = "APPROVED",
        /// Was declined. Final.
        Rejected = "REJECTED",
        /// Was ordered; part of it may have arrived.
        Ordered = "ORDERED",
        /// All of it has arrived, or the rest was closed. Final.
        Received = "RECEIVED",
        /// Was given up before it was ordered. Final.
        Cancelled = "CANCELLED",
    }
}

impl PurchaseRequestStatus {
    /// Whether the status is not final. An open request holds the products that its lines name.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::Draft | Self::Submitted | Self::Approved | Self::Ordered => true,
            Self::Rejected | Self::Received | Self::Cancelled => false,
        }
    }
}

/// A change of the status without a change of lines. Receiving and closing change lines, and are separate methods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transition {
    Submit,
    Approve,
    Reject(RejectionReason),
    MarkOrdered,
    Cancel,
}

impl Transition {
    /// Its name in the log.
    #[must_use]
    pub fn action(&self) -> Action {
        match self {
            Self::Submit => Action::Submit,
            Self::Approve => Action::Approve,
            Self::Reject(_) => Action::Reject,
            Self::MarkOrdered => Action::MarkOrdered,
            Self::Cancel => Action::Cancel,
        }
    }
}

/// The user who acted, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    pub by: Person,
    pub at: Timestamp,
}

/// The last closing of lines of an order that had not arrived in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    pub act: Act,
    pub reason: Option<CloseReason>,
}

/// A request that was submitted and approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    pub submitted_at: Timestamp,
    pub approved: Act,
}

/// A request that was ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub approval: Approval,
    pub ordered_at: Timestamp,
}

/// The progress of a purchase request: its status, and the data that the status requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    Draft,
    Submitted {
        submitted_at: Timestamp,
    },
    Approved(Approval),
    Rejected {
        submitted_at: Timestamp,
        rejected: Act,
        reason: RejectionReason,
    },
    /// Some of its lines may be closed.
    Ordered {
        order: Order,
        closing: Option<Closing>,
    },
    /// A receipt completed the last open line: `RECEIVED`.
    Received {
        order: Order,
        received: Act,
        closing: Option<Closing>,
    },
    /// A closing completed the last open line: also `RECEIVED`.
    Closed {
        order: Order,
        closing: Closing,
    },
    Cancelled {
        submitted_at: Timestamp,
        /// Present if it was approved before.
        approved: Option<Act>,
        cancelled: Act,
    },
}

/// All data of a status, as answers and stored items show it; `None` for data that the status does not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Milestones<'a> {
    pub submitted_at: Option<Timestamp>,
    pub approved: Option<&'a Act>,
    pub rejected: Option<&'a Act>,
    pub rejection_reason: Option<&'a RejectionReason>,
    pub ordered_at: Option<Timestamp>,
    pub received: Option<&'a Act>,
    pub cancelled: Option<&'a Act>,
    pub closing: Option<&'a Closing>,
}

impl Progress {
    /// The status alone.
    #[must_use]
    pub fn status(&self) -> PurchaseRequestStatus {
        match self {
            Self::Draft => PurchaseRequestStatus::Draft,
            Self::Submitted { .. } => PurchaseRequestStatus::Submitted,
            Self::Approved(_) => PurchaseRequestStatus::Approved,
            Self::Rejected { .. } => PurchaseRequestStatus::Rejected,
            Self::Ordered { .. } => PurchaseRequestStatus::Ordered,
            Self::Received { .. } | Self::Closed { .. } => PurchaseRequestStatus::Received,
            Self::Cancelled { .. } => PurchaseRequestStatus::Cancelled,
        }
    }

    /// The data of the status.
    #[must_use]
    pub fn milestones(&self) -> Milestones<'_> {
        match self {
            Self::Draft => Milestones::default(),
            Self::Submitted { submitted_at } => {
                Milestones { submitted_at: Some(*submitted_at), ..Milestones::default() }
            }
            Self::Approved(approved) => Milestones {
                submitted_at: Some(approved.submitted_at),
                approved: Some(&approved.approved),
                ..Milestones::default()
            },
            Self::Rejected { submitted_at, rejected, reason } => Milestones {
                submitted_at: Some(*submitted_at),
                rejected: Some(rejected),
                rejection_reason: Some(reason),
                ..Milestones::default()
            },
            Self::Ordered { order, closing } => Milestones { closing: closing.as_ref(), ..order.milestones() },
            Self::Received { order, received, closing } => {
                Milestones { received: Some(received), closing: closing.as_ref(), ..order.milestones() }
            }
            Self::Closed { order, closing } => Milestones { closing: Some(closing), ..order.milestones() },
            Self::Cancelled { submitted_at, approved, cancelled } => Milestones {
                submitted_at: Some(*submitted_at),
                approved: approved.as_ref(),
                cancelled: Some(cancelled),
                ..Milestones::default()
            },
        }
    }

    /// The progress after a transition; `None` where the status does not allow it.
    #[must_use]
    pub fn after(&self, transition: &Transition, act: Act) -> Option<Self> {
        match (transition, self) {
            (Transition::Submit, Self::Draft) => Some(Self::Submitted { submitted_at: act.at }),
            (Transition::Approve, Self::Submitted { submitted_at }) => {
                Some(Self::Approved(Approval { submitted_at: *submitted_at, approved: act }))
            }
            (Transition::Reject(reason), Self::Submitted { submitted_at }) => {
                Some(Self::Rejected { submitted_at: *submitted_at, rejected: act, reason: reason.clone() })
            }
            (Transition::MarkOrdered, Self::Approved(approval)) => {
                let order = Order { approval: approval.clone(), ordered_at: act.at };
                Some(Self::Ordered { order, closing: None })
            }
            (Transition::Cancel, Self::Submitted { submitted_at }) => {
                Some(Self::Cancelled { submitted_at: *submitted_at, approved: None, cancelled: act })
            }
            (Transition::Cancel, Self::Approved(Approval { submitted_at, approved })) => {
                Some(Self::Cancelled { submitted_at: *submitted_at, approved: Some(approved.clone()), cancelled: act })
            }
            (
                Transition::Submit
                | Transition::Approve
                | Transition::Reject(_)
                | Transition::MarkOrdered
                | Transition::Cancel,
                _,
            ) => None,
        }
    }
}

impl Order {
    fn milestones(&self) -> Milestones<'_> {
        Milestones {
            submitted_at: Some(self.approval.submitted_at),
            approved: Some(&self.approval.approved),
            ordered_at: Some(self.ordered_at),
            ..Milestones::default()
        }
    }
}
