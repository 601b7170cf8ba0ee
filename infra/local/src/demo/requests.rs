//! The purchase requests of a sample organization, each in its planned status.

use stockroom_domain::{
    access::Permission,
    id::WarehouseId,
    purchasing::{NewLine, PurchaseRequest, PurchaseRequestStatus, ReceivedLine, Transition},
    quantity::Quantity,
    text::Notes,
};
use stockroom_store::{NewPurchaseRequest, PurchaseRequestFilter, Receipt, Store, TenantScope};

use super::{ImportError, Users, all, done};

/// A request in its final state. Its notes identify it.
#[derive(Debug, Clone)]
pub(crate) struct PlannedRequest {
    pub(crate) notes: Notes,
    pub(crate) lines: Vec<NewLine>,
    pub(crate) status: PurchaseRequestStatus,
    /// Quantity of its first line that is received, and where.
    pub(crate) receipt: Option<(Quantity, WarehouseId)>,
}

/// Whether the last request, identified by its notes, has left `DRAFT`. Requests are written in order, so all others
/// are complete then. Later changes stay.
pub(crate) async fn are_complete(store: &Store, scope: &TenantScope, last: &str) -> Result<bool, ImportError> {
    let known = known(store, scope).await?;
    let last = known.iter().find(|known| known.notes.as_ref().is_some_and(|notes| notes.as_str() == last));
    Ok(last.is_some_and(|last| last.status() != PurchaseRequestStatus::Draft))
}

/// Adds the missing ones of these requests in order, and takes each to its planned status.
pub(crate) async fn write_requests(
    store: &Store,
    users: &Users,
    planned: &[PlannedRequest],
) -> Result<(), ImportError> {
    let known = known(store, &users.manager(Permission::DecidePurchases)).await?;
    for planned in planned {
        let request = if let Some(known) = known.iter().find(|known| known.notes.as_ref() == Some(&planned.notes)) {
            known.clone()
        } else {
            let new = NewPurchaseRequest { notes: Some(planned.notes.clone()), lines: planned.lines.clone() };
            let ask = users.staff(Permission::RequestPurchases);
            done(store.purchase_requests(&ask).add(&new, |_| Vec::new()).await?)?
        };
        advance(store, users, request, planned).await?;
    }
    Ok(())
}

async fn known(store: &Store, scope: &TenantScope) -> Result<Vec<PurchaseRequest>, ImportError> {
    let filter = PurchaseRequestFilter::default();
    Ok(all(async |page| store.purchase_requests(scope).list(&filter, &page).await).await?)
}

async fn advance(
    store: &Store,
    users: &Users,
    mut request: PurchaseRequest,
    planned: &PlannedRequest,
) -> Result<(), ImportError> {
    let decide = users.manager(Permission::DecidePurchases);
    let requests = store.purchase_requests(&decide);
    while let Some(step) = next_transition(request.status(), planned.status)? {
        request = done(requests.apply(request.id, None, &step, |_| Vec::new()).await?)?;
    }
    let Some((quantity, warehouse)) = planned.receipt.filter(|_| request.status() == PurchaseRequestStatus::Ordered)
    else {
        return Ok(());
    };
    let first = request.items.first().filter(|item| item.received_quantity == Quantity::ZERO);
    if let Some(item) = first {
        let lines = vec![ReceivedLine { item: item.id, warehouse: Some(warehouse), quantity: Some(quantity) }];
        done(requests.receive(request.id, None, &Receipt { lines }, |_| Vec::new()).await?)?;
    }
    Ok(())
}

/// The transition from one status towards another; `None` once the planned status is reached.
fn next_transition(
    status: PurchaseRequestStatus,
    wanted: PurchaseRequestStatus,
) -> Result<Option<Transition>, ImportError> {
    Ok(match (status, wanted) {
        (PurchaseRequestStatus::Draft, PurchaseRequestStatus::Draft) => None,
        (PurchaseRequestStatus::Draft, _) => Some(Transition::Submit),
        (PurchaseRequestStatus::Submitted, PurchaseRequestStatus::Rejected) => {
            Some(Transition::Reject("We have enough for now".parse()?))
        }
        (PurchaseRequestStatus::Submitted, PurchaseRequestStatus::Cancelled) => Some(Transition::Cancel),
        (
            PurchaseRequestStatus::Submitted,
            PurchaseRequestStatus::Approved | PurchaseRequestStatus::Ordered | PurchaseRequestStatus::Received,
        ) => Some(Transition::Approve),
        (PurchaseRequestStatus::Approved, PurchaseRequestStatus::Ordered | PurchaseRequestStatus::Received) => {
            Some(Transition::MarkOrdered)
        }
        _ => None,
    })
}
