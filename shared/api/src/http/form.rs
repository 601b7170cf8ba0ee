//! Problems of HTML forms. A browser would show a problem document to its user. The answer is therefore a redirect to
//! the page of the form, which explains the problem.

use axum::{body::Body, response::Response};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE},
};
use url::form_urlencoded;

use crate::{http::extract::pairs, problem::Problem};

/// The page that a form belongs to, with the query of the form's target.
#[derive(Debug, Clone)]
pub(crate) struct FormPage {
    page: &'static str,
    query: Vec<(String, String)>,
}

impl FormPage {
    pub(crate) fn new(page: &'static str, query: Option<&str>) -> Self {
        Self { page, query: pairs(query) }
    }

    /// Redirects the browser to the page. `error` in its query is the code of the first validation error, otherwise the
    /// code of the problem. `wait` is the number of seconds to wait after a refusal by a rate limit.
    pub(crate) fn explain(&self, problem: &Problem, stage: &str, response: &mut Response) {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.query.iter().filter(|(name, _)| !matches!(name.as_str(), "error" | "wait")));
        query.append_pair("error", problem.first_code());
        if let Some(wait) = problem.wait() {
            query.append_pair("wait", &wait.to_string());
        }
        *response.status_mut() = StatusCode::SEE_OTHER;
        *response.body_mut() = Body::empty();
        let headers = response.headers_mut();
        for name in [CONTENT_TYPE, CONTENT_LENGTH, WWW_AUTHENTICATE] {
            headers.remove(name);
        }
        if let Ok(location) = HeaderValue::from_str(&format!("{stage}{}?{}", self.page, query.finish())) {
            headers.insert(LOCATION, location);
        }
    }
}
