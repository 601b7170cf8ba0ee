//! The list of organizations with low levels.

use stockroom_domain::{id::OrganizationId, time::Timestamp};

use crate::{
    dynamo::{
        expression::{Expression, always, expression},
        item::{n, s},
        key::{Index, Key},
    },
    keys::{OrganizationKeys, listed},
};

/// The list of organizations that may have low levels.
pub(crate) const LOW_LIST: &str = "LOW";
/// The update that adds an organization to the list: its item, the attributes to set, and a condition that always
/// holds.
pub(crate) fn mark(organization: OrganizationId, now: Timestamp) -> (Key, Expression, Expression) {
    let (pk, sk) = Index::One.key_names();
    let (list, place) = listed(Some(LOW_LIST), organization);
    let mark = expression(format!("SET #marked_at = :now, #{pk} = :list, #{sk} = :place"))
        .with("now", n(now.unix_millis()))
        .with("list", s(list))
        .with("place", s(place));
    (OrganizationKeys(organization).low_watch(), mark, always())
}
