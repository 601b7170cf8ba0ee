//! The Lambda function `audit-logs`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    stockroom_api::serve(stockroom_audit_logs::routes()).await
}
