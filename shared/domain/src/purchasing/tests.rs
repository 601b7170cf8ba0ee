//! Tests of the state machine, receipts, closings, and the stored form.

use proptest::prelude::*;

use super::*;
use crate::{
    id::{Id as _, ProductId, PurchaseRequestItemId},
    quantity::Quantity,
};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(millis).unwrap()
}

fn person() -> Person {
    Person { id: UserId::from_parts(at(1), [1; 10]), full_name: "Sam".parse().unwrap() }
}

fn request(quantities: &[u32]) -> PurchaseRequest {
    let id = PurchaseRequestId::from_parts(at(2), [2; 10]);
    let item = |(index, quantity): (usize, &u32)| {
        let product = ProductId::from_parts(at(3), [u8::try_from(index).unwrap(); 10]);
        PurchaseRequestItem {
            id: PurchaseRequestItemId::of(product, id),
            product_id: product,
            sku: "A".parse().unwrap(),
            product_name: "A".parse().unwrap(),
            quantity: Quantity::from(*quantity),
            unit: None,
            received_quantity: Quantity::ZERO,
            cancelled_quantity: Quantity::ZERO,
            estimated_price: None,
            supplier_id: None,
            supplier_name: None,
            warehouse_id: None,
            warehouse_name: None,
            released: false,
        }
    };
    let draft = PurchaseRequestDraft {
        id,
        request_number: PurchaseRequestNumber(1),
        notes: None,
        items: quantities.iter().enumerate().map(item).collect(),
        created_by: person(),
    };
    PurchaseRequest::draft(draft, Currency::default(), at(1))
}

#[test]
fn estimate_of_a_request_excludes_lines_without_price() {
    let mut request = request(&[3, 5, 2]);
    let none = Estimate { total: Some(Cost::ZERO), lines: 0, lines_without_price: 3 };
    assert_eq!(request.estimate(), none);
    for (item, price) in request.items.iter_mut().zip(["12.50", "0.005"]) {
        item.estimated_price = Some(price.parse().unwrap());
    }
    let Estimate { total, lines, lines_without_price } = request.estimate();
    assert_eq!((total.unwrap().to_string(), lines, lines_without_price), ("37.525".to_owned(), 2, 1));
    for item in &mut request.items {
        item.quantity = "999999999999999".parse().unwrap();
        item.estimated_price = Some("999999999999999".parse().unwrap());
    }
    assert_eq!(request.estimate(), Estimate { total: None, lines: 3, lines_without_price: 0 });
}

fn ordered(quantities: &[u32]) -> PurchaseRequest {
    let transitions = [Transition::Submit, Transition::Approve, Transition::MarkOrdered];
    transitions
        .iter()
        .fold(request(quantities), |request, transition| request.apply(transition, &person(), at(4)).unwrap())
}

fn transitions() -> impl Strategy<Value = Transition> {
    prop_oneof![
        Just(Transition::Submit),
        Just(Transition::Approve),
        Just(Transition::Reject("too dear".parse().unwrap())),
        Just(Transition::MarkOrdered),
        Just(Transition::Cancel),
    ]
}

/// The allowed transitions of the contract, written a second time.
const WAYS: [(&str, PurchaseRequestStatus, PurchaseRequestStatus); 6] = [
    ("Submit", PurchaseRequestStatus::Draft, PurchaseRequestStatus::Submitted),
    ("Approve", PurchaseRequestStatus::Submitted, PurchaseRequestStatus::Approved),
    ("Reject", PurchaseRequestStatus::Submitted, PurchaseRequestStatus::Rejected),
    ("MarkOrdered", PurchaseRequestStatus::Approved, PurchaseRequestStatus::Ordered),
    ("Cancel", PurchaseRequestStatus::Submitted, PurchaseRequestStatus::Cancelled),
    ("Cancel", PurchaseRequestStatus::Approved, PurchaseRequestStatus::Cancelled),
];

proptest! {
    #[test]
    fn apply_of_a_transition_from_another_status_is_invalid_transition(
        transitions in prop::collection::vec(transitions(), 0..12),
    ) {
        let mut request = request(&[1]);
        for transition in transitions {
            let name = format!("{transition:?}");
            let way = WAYS.iter().find(|(known, from, _)| name.starts_with(known) && *from == request.status());
            match (request.apply(&transition, &person(), at(5)), way) {
                (Ok(next), Some((_, _, to))) => {
                    prop_assert_eq!(next.status(), *to);
                    prop_assert_eq!(next.version, request.version + 1);
                    request = next;
                }
                (Err(PurchaseError::InvalidTransition { status }), None) => {
                    prop_assert_eq!(status, request.status());
                }
                (other, way) => prop_assert!(false, "{other:?} {way:?}"),
            }
        }
    }

    #[test]
    fn receive_and_close_never_exceed_the_ordered_quantity(
        quantities in prop::collection::vec(1_u32..20, 1..5),
        steps in prop::collection::vec((0_usize..5, prop::option::of(0_u32..12), prop::bool::weighted(0.2)), 0..30),
    ) {
        let mut request = ordered(&quantities);
        let mut sums = vec![Quantity::ZERO; quantities.len()];
        let ended = PurchaseError::InvalidTransition { status: PurchaseRequestStatus::Received };
        for (index, quantity, closes) in steps {
            let Some(item) = request.items.get(index).cloned() else { continue };
            let line = ReceivedLine { item: item.id, warehouse: None, quantity: quantity.map(Quantity::from) };
            let result = if closes {
                request.close(Some(&[item.id]), None, &person(), at(6)).map(|next| (next, vec![Quantity::ZERO]))
            } else {
                request.receive(&[line], &person(), at(6))
            };
            match result {
                Ok((next, arrived)) => {
                    sums[index] = sums[index].plus(arrived[0]).unwrap();
                    prop_assert!(closes || arrived[0].is_positive());
                    let released: Vec<_> = next.released_since(&request).collect();
                    prop_assert_eq!(released.contains(&item.product_id), !next.items[index].is_open());
                    prop_assert!(released.len() <= 1);
                    request = next;
                }
                Err(PurchaseError::ExceedsOrder { outstanding, .. }) => {
                    prop_assert_eq!(outstanding, item.outstanding());
                }
                Err(PurchaseError::LineComplete { item: id }) => {
                    prop_assert_eq!((id, item.is_open(), closes), (item.id, false, true));
                }
                Err(error) => prop_assert_eq!(error, ended),
            }
            for (item, sum) in request.items.iter().zip(&sums) {
                prop_assert_eq!(item.received_quantity, *sum);
                prop_assert!(item.received_quantity.plus(item.cancelled_quantity).unwrap() <= item.quantity);
                prop_assert_eq!(item.released, !item.is_open());
            }
            let is_complete = request.items.iter().all(|item| !item.is_open());
            prop_assert_eq!(request.status() == PurchaseRequestStatus::Received, is_complete);
        }
    }
}

#[test]
fn released_since_includes_old_complete_lines_at_the_end() {
    let mut old = ordered(&[5, 3, 2]);
    old.items[0].received_quantity = Quantity::from(5_u32);
    let products: Vec<_> = old.items.iter().map(|item| item.product_id).collect();
    let line = ReceivedLine { item: old.items[1].id, warehouse: None, quantity: None };
    let (next, _) = old.receive(&[line], &person(), at(6)).unwrap();
    assert_eq!(next.released_since(&old).collect::<Vec<_>>(), products[1..2]);
    let last = next.close(None, None, &person(), at(7)).unwrap();
    assert_eq!(last.status(), PurchaseRequestStatus::Received);
    assert_eq!(last.released_since(&next).collect::<Vec<_>>(), [products[0], products[2]]);
}

/// A request of each status and its stored form.
fn of_every_status() -> Vec<PurchaseRequest> {
    let after = |before: &PurchaseRequest, transition| before.apply(&transition, &person(), at(7)).unwrap();
    let draft = request(&[5, 3]);
    let submitted = after(&draft, Transition::Submit);
    let approved = after(&submitted, Transition::Approve);
    let ordered = after(&approved, Transition::MarkOrdered);
    let [first, second] = [0, 1].map(|index| ordered.items[index].id);
    let received = |before: &PurchaseRequest, item| {
        before.receive(&[ReceivedLine { item, warehouse: None, quantity: None }], &person(), at(9)).unwrap().0
    };
    let partly = ordered.close(Some(&[first]), Some("Gone".parse().unwrap()), &person(), at(8)).unwrap();
    vec![
        after(&submitted, Transition::Reject("Too dear".parse().unwrap())),
        after(&submitted, Transition::Cancel),
        after(&approved, Transition::Cancel),
        received(&received(&ordered, first), second),
        received(&partly, second),
        ordered.close(None, None, &person(), at(8)).unwrap(),
        partly,
        draft,
        submitted,
        approved,
        ordered,
    ]
}

#[test]
fn stored_request_of_every_status_is_read_as_it_was_written() {
    for request in of_every_status() {
        let stored = serde_json::to_value(&request).unwrap();
        assert_eq!(stored["status"], request.status().name());
        assert_eq!(serde_json::from_value::<PurchaseRequest>(stored).unwrap(), request);
    }
}

#[test]
fn stored_request_that_lacks_data_of_its_status_is_an_error() {
    let optional = ["notes", "currency", "close_reason"];
    for request in of_every_status() {
        let stored = serde_json::to_value(&request).unwrap();
        let members = stored.as_object().unwrap();
        for (name, _) in members.iter().filter(|(name, value)| !value.is_null() && !optional.contains(&name.as_str())) {
            let mut wrong = members.clone();
            wrong.remove(name);
            let read = serde_json::from_value::<PurchaseRequest>(wrong.into());
            assert!(read.is_err(), "{} without {name}", request.status().name());
        }
    }
}

#[test]
fn stored_request_with_data_of_another_status_is_an_error() {
    let mut stored = serde_json::to_value(request(&[1])).unwrap();
    stored["rejection_reason"] = "Too dear".into();
    assert!(serde_json::from_value::<PurchaseRequest>(stored).is_err());
}

#[test]
fn receipt_of_the_most_lines_fits_into_a_transaction() {
    assert_eq!(receipt_actions(MAX_RECEIVED_LINES, 7), MAX_ACTIONS);
    assert!(receipt_actions(24, 24) <= MAX_ACTIONS && receipt_actions(20, 15) <= MAX_ACTIONS);
}

#[test]
fn request_number_prints_at_least_five_digits() {
    for (number, written) in [(7, "PR-00007"), (123_456, "PR-123456")] {
        assert_eq!(PurchaseRequestNumber(number).to_string(), written);
        assert_eq!(written.parse::<PurchaseRequestNumber>().unwrap(), PurchaseRequestNumber(number));
    }
    assert!("00007".parse::<PurchaseRequestNumber>().is_err());
}
