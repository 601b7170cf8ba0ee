//! The state machine of a purchase request.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{fault::Fault, log::Action, text::RejectionReason};

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RequestStatus {
    /// Being written.
    Draft,
    /// Waits for a decision.
    Submitted,
    /// May be ordered.
    Approved,
    /// Was declined. Final.
    Rejected,
    /// Was ordered; part of it may have arrived.
    Ordered,
    /// All of it has arrived, or the rest was closed. Final.
    Received,
    /// Was given up. Final.
    Cancelled,
}

crate::schema::has_schema!(named RequestStatus, {
    crate::schema::words("How far a purchase request has come.", RequestStatus::ALL.map(RequestStatus::name))
});

/// What moves a request from one status to the next. Receiving
/// and closing are operations of their own, because they change lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Submit,
    Approve,
    Reject(RejectionReason),
    MarkOrdered,
    Cancel,
}

impl RequestStatus {
    /// All of them, in the order of a request's life.
    pub const ALL: [Self; 7] =
        [Self::Draft, Self::Submitted, Self::Approved, Self::Rejected, Self::Ordered, Self::Received, Self::Cancelled];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Submitted => "SUBMITTED",
            Self::Approved => "APPROVED",
            Self::Rejected => "REJECTED",
            Self::Ordered => "ORDERED",
            Self::Received => "RECEIVED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// Whether something may still come of it; an open request holds the products it names.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::Draft | Self::Submitted | Self::Approved | Self::Ordered => true,
            Self::Rejected | Self::Received | Self::Cancelled => false,
        }
    }

    /// The status after a step; `None` where the step is not open to it.
    #[must_use]
    pub fn after(self, step: &Step) -> Option<Self> {
        match (step, self) {
            (Step::Submit, Self::Draft) => Some(Self::Submitted),
            (Step::Approve, Self::Submitted) => Some(Self::Approved),
            (Step::Reject(_), Self::Submitted) => Some(Self::Rejected),
            (Step::MarkOrdered, Self::Approved) => Some(Self::Ordered),
            (Step::Cancel, Self::Submitted | Self::Approved) => Some(Self::Cancelled),
            (Step::Submit | Step::Approve | Step::Reject(_) | Step::MarkOrdered | Step::Cancel, _) => None,
        }
    }
}

impl FromStr for RequestStatus {
    type Err = Fault;

    fn from_str(name: &str) -> Result<Self, Fault> {
        Self::ALL.into_iter().find(|status| status.name() == name).ok_or_else(|| {
            Fault::new(
                "unknown_value",
                "must be one of DRAFT, SUBMITTED, APPROVED, REJECTED, ORDERED, RECEIVED, CANCELLED",
            )
        })
    }
}

impl Step {
    /// What the log calls it.
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
