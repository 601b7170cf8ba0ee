//! The Lambda function `console`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    stockroom_api::serve(stockroom_console::routes()).await
}
