//! Runs of jobs by the local stack's own route.

use serde_json::json;

use super::{mailed, run_locally};
use crate::bus::{ask, shop};

#[tokio::test]
async fn local_run_is_completed_after_its_client_disconnects() {
    let (shop, around) = shop().await;
    let product = shop.product("SKU-1").with("min_stock_level", 40).await;
    let main = shop.warehouse("Main").await;
    shop.receive(&product, &main, 41).await.expect(201);
    for round in 0..12 {
        shop.take(&product, &main, 2).await.expect(201);
        tokio::select! {
            biased;
            _ = run_locally(&around, "low-stock", "") => {}
            () = async { for _ in 0..round * 40 { tokio::task::yield_now().await } } => {}
        }
        assert_eq!(run_locally(&around, "low-stock", "").await.0, 200, "round {round}");
        assert_eq!(mailed(&around).await.len(), 2 * (round + 1), "round {round}");
        shop.receive(&product, &main, 2).await.expect(201);
    }
}

#[tokio::test]
async fn local_run_returns_its_result_or_error() {
    let (shop, around) = shop().await;
    let (product, main) = shop.stocked("SKU-1", 9).await;
    shop.take(&product, &main, 2).await.expect(201);
    shop.stack().clock().stop();
    let (status, done) = run_locally(&around, "weekly-report", r#"{"time": "2026-11-29T00:00:00Z"}"#).await;
    let expected = json!({"name": "weekly-report", "time": "2026-11-29T00:00:00.000Z", "organizations": 1});
    assert_eq!((status.as_u16(), done), (200, expected));
    assert_eq!(mailed(&around).await.len(), 2);

    let now = stockroom_domain::source::Clock::now(shop.stack().clock()).to_string();
    for body in ["", "{}", r#"{"time": null}"#] {
        assert_eq!(run_locally(&around, "low-stock", body).await.1["time"], now);
    }
    for body in ["[]", "x", r#"{"time": "today"}"#, r#"{"at": "2026-11-29T00:00:00Z"}"#, r#"{"time": 1}"#] {
        let (status, problem) = run_locally(&around, "low-stock", body).await;
        assert_eq!(status, 400, "{body}");
        assert!(problem["detail"].as_str().unwrap().starts_with("The body must be empty or like"), "{problem}");
    }
    let (status, problem) = run_locally(&around, "lunch", "").await;
    assert_eq!(status, 404);
    assert_eq!(problem["detail"], "There is no job lunch. The jobs are cleanup, low-stock, weekly-report.");
    let get = http::Request::get("/_local/schedules/cleanup").body(axum::body::Body::empty()).unwrap();
    assert_eq!(ask(&around, get).await.0.status, 405);
}
