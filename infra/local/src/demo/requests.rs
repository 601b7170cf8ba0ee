//! The purchase requests of a sample company, each brought as far as planned.

use stockroom_domain::{
    access::Permission,
    id::WarehouseId,
    purchasing::{NewLine, PurchaseRequest, ReceivedLine, RequestStatus, Step},
    quantity::Quantity,
    text::Notes,
};
use stockroom_store::{NewRequest, Receipt, RequestFilter, Store, TenantScope};

use super::{ImportError, People, all, done};

/// A request as it is to be in the end. Its notes tell it from the others.
#[derive(Debug, Clone)]
pub(crate) struct PlannedRequest {
    pub(crate) notes: Notes,
    pub(crate) lines: Vec<NewLine>,
    pub(crate) status: RequestStatus,
    /// How much of its first line arrives while it is on order.
    pub(crate) arrives: Option<(Quantity, WarehouseId)>,
}

/// Whether the last of a company's requests, which is known by its notes, is as far as planned; then so are all others.
/// What became of them since then stays.
pub(crate) async fn are_written(store: &Store, see: &TenantScope, last: &str) -> Result<bool, ImportError> {
    let known = known(store, see).await?;
    let last = known.iter().find(|known| known.notes.as_ref().is_some_and(|notes| notes.as_str() == last));
    Ok(last.is_some_and(|last| last.status != RequestStatus::Draft))
}

/// Writes what is missing of these requests, in their order, and takes each as far as planned.
pub(crate) async fn write_requests(
    store: &Store,
    people: &People,
    planned: &[PlannedRequest],
) -> Result<(), ImportError> {
    let known = known(store, &people.manager(Permission::DecidePurchases)).await?;
    for planned in planned {
        let request = if let Some(known) = known.iter().find(|known| known.notes.as_ref() == Some(&planned.notes)) {
            known.clone()
        } else {
            let new = NewRequest { notes: Some(planned.notes.clone()), lines: planned.lines.clone() };
            let ask = people.staff(Permission::RequestPurchases);
            done(store.purchase_requests(&ask).add(&new, |_| Vec::new()).await?)?
        };
        bring(store, people, request, planned).await?;
    }
    Ok(())
}

async fn known(store: &Store, see: &TenantScope) -> Result<Vec<PurchaseRequest>, ImportError> {
    let filter = RequestFilter::default();
    Ok(all(async |page| store.purchase_requests(see).list(&filter, &page).await).await?)
}

async fn bring(
    store: &Store,
    people: &People,
    mut request: PurchaseRequest,
    planned: &PlannedRequest,
) -> Result<(), ImportError> {
    let decide = people.manager(Permission::DecidePurchases);
    let requests = store.purchase_requests(&decide);
    while let Some(step) = next_step(request.status, planned.status)? {
        request = done(requests.take(request.id, None, &step, |_| Vec::new()).await?)?;
    }
    let Some((quantity, warehouse)) = planned.arrives.filter(|_| request.status == RequestStatus::Ordered) else {
        return Ok(());
    };
    let first = request.items.first().filter(|item| item.received_quantity == Quantity::ZERO);
    if let Some(item) = first {
        let lines = vec![ReceivedLine { item: item.id, warehouse: Some(warehouse), quantity: Some(quantity) }];
        done(requests.receive(request.id, None, &Receipt { lines }, |_| Vec::new()).await?)?;
    }
    Ok(())
}

/// The step from a status towards another; `None` when there is none to take.
fn next_step(status: RequestStatus, wanted: RequestStatus) -> Result<Option<Step>, ImportError> {
    Ok(match (status, wanted) {
        (RequestStatus::Draft, RequestStatus::Draft) => None,
        (RequestStatus::Draft, _) => Some(Step::Submit),
        (RequestStatus::Submitted, RequestStatus::Rejected) => Some(Step::Reject("We have enough for now".parse()?)),
        (RequestStatus::Submitted, RequestStatus::Cancelled) => Some(Step::Cancel),
        (RequestStatus::Submitted, RequestStatus::Approved | RequestStatus::Ordered | RequestStatus::Received) => {
            Some(Step::Approve)
        }
        (RequestStatus::Approved, RequestStatus::Ordered | RequestStatus::Received) => Some(Step::MarkOrdered),
        _ => None,
    })
}
