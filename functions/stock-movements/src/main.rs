//! The Lambda function `stock-movements`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    stockroom_api::serve(stockroom_stock_movements::routes()).await
}
