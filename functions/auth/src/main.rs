//! The Lambda function `auth`.

use stockroom_api::{App, serve_app};
use stockroom_runtime::{Group, Runtime};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve_app(App::issuing(&Runtime::start(&[Group::Http])?)?, stockroom_auth::routes()).await
}
