//! The flow of .ci/contract with the client that openapi-to-rust generates. BASE is the address of the local stack.

use std::collections::HashSet;

use stockroom_client::*;

/// No value of an optional text.
const NONE: Option<&str> = None;

/// The typed error of a call.
fn refused<T: std::fmt::Debug, E: std::fmt::Debug>(result: Result<T, ApiOpError<E>>) -> E {
    match result {
        Err(ApiOpError::Api(ApiError { typed: Some(error), .. })) => error,
        Err(ApiOpError::Api(ApiError { status, parse_error, body, .. })) => panic!("{status}: {parse_error:?} {body}"),
        Err(ApiOpError::Transport(error)) => panic!("{error}"),
        Ok(answer) => panic!("the API accepts it: {answer:?}"),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let base = std::env::var("BASE").expect("BASE is the address of the local stack");
    let anonymous = HttpClient::new().with_base_url(&base);
    let login = |password: &str| Login {
        email: "manager@northwind.example".to_owned(),
        password: password.to_owned(),
        delivery: None,
    };
    let problem = refused(anonymous.create_token(Some("northwind"), login("wrong password")).await);
    let CreateTokenApiError::Status401(problem) = problem else { panic!("{problem:?}") };
    assert_eq!((problem.code, problem.error.as_str()), (TokenProblemCode::InvalidCredentials, "invalid_grant"));
    let tokens = anonymous.create_token(Some("northwind"), login("northwind-demo-2026")).await.unwrap();

    let client = HttpClient::new().with_base_url(&base).with_api_key(tokens.access_token);
    let me = client.get_current_user(NONE).await.unwrap();
    assert_eq!(me.role, Role::Manager);

    let sku = format!("RUST-{}", std::process::id());
    let product = |sku: &str, name: &str| ProductBody {
        min_stock_level: Some(Some(2.0)),
        ..ProductBody::new(name.to_owned(), sku.to_owned())
    };
    let added = client.create_product(NONE, product(&sku, "Made by a client")).await.unwrap();
    let problem = refused(client.create_product(NONE, product(&sku, "Again")).await);
    let CreateProductApiError::Status409(problem) = problem else { panic!("{problem:?}") };
    assert_eq!((problem.status, problem.code), (409, DuplicateSkuProblemCode::DuplicateSku));

    let warehouses = client.list_warehouses(NONE, None, Some(1), None, NONE).await.unwrap();
    let body = |kind, quantity| MovementBody::new(added.id, quantity, kind, warehouses.items[0].id);
    let movement = client.create_movement(Some(&sku), body(MovementBodyType::In, 5.0)).await.unwrap();
    assert_eq!(movement.balance_after, 5.0);
    let repeated = client.create_movement(Some(&sku), body(MovementBodyType::In, 5.0)).await.unwrap();
    assert_eq!(repeated.id, movement.id);
    let problem = refused(client.create_movement(NONE, body(MovementBodyType::Out, 50.0)).await);
    let CreateMovementApiError::Status409(CreateMovementConflict::InsufficientStockProblem(problem)) = problem else {
        panic!("{problem:?}")
    };
    assert_eq!((problem.available, problem.requested), (5.0, 50.0));

    let problem = refused(client.create_product(NONE, product("", "")).await);
    let CreateProductApiError::Status422(UnprocessableProblem::ValidationFailedProblem(problem)) = problem else {
        panic!("{problem:?}")
    };
    let pointers: Vec<_> = problem.errors.iter().filter_map(|error| error.pointer.as_deref()).collect();
    assert_eq!(pointers, ["/sku", "/name"]);

    let id = added.id.to_string();
    let renamed = || ProductPatch { name: Some("Renamed".to_owned()), category: Some(None), ..ProductPatch::default() };
    let problem = refused(client.update_product(&id, Some("\"99\""), renamed()).await);
    assert!(matches!(problem, UpdateProductApiError::Status412(_)), "{problem:?}");
    let changed = client.update_product(&id, Some("\"1\""), renamed()).await.unwrap();
    assert_eq!(changed.name, "Renamed");

    let events = client.list_events(Some(EventType::StockMoved), NONE, Some(1), None, NONE).await.unwrap();
    let Event::StockMoved(event) = &events.items[0] else { panic!("{events:?}") };
    assert_eq!(event.data.movement.product_id, added.id);

    let (mut ids, mut cursor, mut pages) = (HashSet::new(), None, 0);
    while pages == 0 || cursor.is_some() {
        let page = client.list_products(NONE, NONE, NONE, NONE, None, Some(5), None, cursor.as_deref()).await.unwrap();
        pages += 1;
        assert!(page.items.iter().all(|item| ids.insert(item.id)));
        cursor = page.next_cursor;
    }
    assert!(pages > 1 && ids.contains(&added.id));
    println!("openapi-to-rust: the flow passes; {pages} pages");
}
