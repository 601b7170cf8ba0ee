//! The Lambda function `products`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    stockroom_api::serve(stockroom_products::routes()).await
}
