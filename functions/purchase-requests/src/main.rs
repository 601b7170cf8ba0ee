//! The Lambda function `purchase-requests`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    stockroom_api::serve(stockroom_purchase_requests::routes()).await
}
