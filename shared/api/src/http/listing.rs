//! Lists: `limit`, `cursor` and `order`, an operation's own filters, and pages with sealed cursors.

use std::str::FromStr;

use axum::extract::{FromRequestParts, MatchedPath};
use http::request::Parts;
use serde::Serialize;
use stockroom_domain::fault::Fault;
use stockroom_store::{CatalogueFilter, CatalogueSort, Page, PageItem, PageRequest};

use crate::{
    http::{
        answer::Answer,
        app::App,
        extract::{FromQuery, Parameters, Scope, pairs, read_query},
    },
    problem::ApiError,
};

/// The filters of a list.
pub trait ListQuery: FromQuery {
    /// Whether the default order is descending: newest first.
    fn is_descending_by_default(&self) -> bool {
        true
    }
}

/// The parameters of a plain catalogue's list: `search`, and `sort` by `created_at` or `name`.
#[derive(Debug)]
pub struct CatalogueList {
    /// The filter.
    pub filter: CatalogueFilter,
    /// The order.
    pub sort: CatalogueSort,
}

struct Sort(CatalogueSort);

impl FromStr for Sort {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        match text {
            "created_at" => Ok(Self(CatalogueSort::CreatedAt)),
            "name" => Ok(Self(CatalogueSort::Name)),
            _ => Err(Fault::new("unknown_value", "must be created_at or name")),
        }
    }
}

describe!(Sort: {
    "description": "The member to sort by. Without `order`, `created_at` sorts newest first and `name` ascending. \
                    Names are compared without regard to case and accents; items with the same name sort by age.",
    "type": "string", "enum": ["created_at", "name"], "default": "created_at", "examples": ["name"],
});

impl FromQuery for CatalogueList {
    fn from_params<P: Parameters>(params: &mut P) -> Option<Self> {
        let search = params.optional("search");
        params.describe("search", "Only items with this text in the name. Case, accents and width are ignored.");
        let sort = params.optional::<Sort>("sort");
        Some(Self {
            filter: CatalogueFilter { search: search?, category: None },
            sort: sort?.map_or(CatalogueSort::CreatedAt, |Sort(sort)| sort),
        })
    }
}

impl ListQuery for CatalogueList {
    fn is_descending_by_default(&self) -> bool {
        self.sort == CatalogueSort::CreatedAt
    }
}

struct Limit(usize);

impl FromStr for Limit {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let number = text.parse().ok().filter(|limit| (1..=100).contains(limit));
        number.map(Self).ok_or_else(|| Fault::new("out_of_range", "must be a whole number from 1 to 100"))
    }
}

describe!(Limit: {
    "description": "The maximum number of items in the page. It can change from page to page.",
    "type": "integer", "minimum": 1, "maximum": 100, "default": 20, "examples": [50],
});

enum Order {
    Ascending,
    Descending,
}

impl FromStr for Order {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        match text {
            "asc" => Ok(Self::Ascending),
            "desc" => Ok(Self::Descending),
            _ => Err(Fault::new("unknown_value", "must be asc or desc")),
        }
    }
}

describe!(Order: {
    "description": "The sort direction. By default, times sort newest first, names and SKUs ascending.",
    "type": "string", "enum": ["asc", "desc"], "examples": ["asc"],
});

/// An example of a cursor in the OpenAPI document.
pub(crate) const EXAMPLE_OF_CURSOR: &str = "q3vFJ0mYw8ZkT1sXo5bRhA7uCeLdP2nG";

struct Cursor(String);

describe!(Cursor: {
    "description": "Position in the list: the `next_cursor` of the previous page. It is valid for 24 hours, for the \
                    same user and the same other parameters except `limit`; otherwise the response is 400 \
                    `invalid_cursor`.",
    "type": "string", "examples": [EXAMPLE_OF_CURSOR],
});

impl FromStr for Cursor {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        Ok(Self(text.to_owned()))
    }
}

pub(crate) struct Paged<F> {
    filter: F,
    limit: usize,
    order: Option<Order>,
    cursor: Option<Cursor>,
}

impl<F: FromQuery> FromQuery for Paged<F> {
    fn from_params<P: Parameters>(params: &mut P) -> Option<Self> {
        let filter = F::from_params(params);
        let limit = params.optional::<Limit>("limit");
        let order = params.optional("order");
        let cursor = params.optional("cursor");
        Some(Self { filter: filter?, limit: limit?.map_or(20, |Limit(limit)| limit), order: order?, cursor: cursor? })
    }
}

/// A request for a page of a list.
#[derive(Debug)]
pub struct Listing<F> {
    /// The operation's own parameters.
    pub filter: F,
    /// The position, length and direction of the page.
    pub page: PageRequest,
    app: App,
    /// Caller, route and filters; a cursor is valid for these only.
    binding: String,
    path: String,
    pairs: Vec<(String, String)>,
}

impl<F: ListQuery> FromRequestParts<App> for Listing<F> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Scope(scope) = Scope::from_request_parts(parts, app).await?;
        let pairs = pairs(parts.uri.query());
        let Paged { filter, limit, order, cursor } = read_query::<Paged<F>>(pairs.clone())?;
        let descending = match order {
            Some(order) => matches!(order, Order::Descending),
            None => filter.is_descending_by_default(),
        };
        let mut filters: Vec<_> =
            pairs.iter().filter(|(name, _)| name != "cursor" && name != "limit").cloned().collect();
        filters.sort();
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let claim = scope.claim();
        let binding = format!("{}\n{}\n{route}\n{filters:?}", claim.organization, claim.user);
        let after = cursor.map(|Cursor(cursor)| app.cursors().open(&cursor, &binding)).transpose()?;
        let page = PageRequest { limit, after, descending };
        Ok(Self { filter, page, app: app.clone(), binding, path: parts.uri.path().to_owned(), pairs })
    }
}

impl<F> Listing<F> {
    /// The answer with the page. It ends before the item that would exceed the maximum size; the next page begins with
    /// that item.
    ///
    /// # Errors
    /// [`ApiError::Internal`].
    pub fn answer<'p, T, V: Serialize>(
        &self,
        page: &'p Page<T>,
        view: impl Fn(&'p T) -> V,
    ) -> Result<Answer, ApiError> {
        let mut items = Items::new(self.app.max_page_bytes());
        let mut next = page.next();
        let mut last = None;
        for PageItem { item, position } in page.items() {
            if !items.add(&view(item))? {
                next = last;
                break;
            }
            last = Some(position);
        }
        let cursor = next.map(|position| self.app.cursors().seal(position, &self.binding)).transpose()?;
        let target = cursor.as_ref().map(|cursor| {
            let others = self.pairs.iter().filter(|(name, _)| name != "cursor");
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(others)
                .append_pair("cursor", cursor)
                .finish();
            format!("{}?{query}", self.path)
        });
        Ok(Answer::page(items.finish(cursor.as_deref())?).next(target))
    }
}

/// Bytes reserved for a page. Most pages fit.
const INITIAL_CAPACITY: usize = 32 * 1024;

/// The items of a page, serialized one by one up to the maximum size.
#[derive(Debug)]
struct Items {
    body: Vec<u8>,
    /// The maximum bytes of all items, as the gateway counts them.
    max: usize,
    /// The bytes of the body up to `counted`, as the gateway counts them.
    size: usize,
    counted: usize,
    is_empty: bool,
}

impl Items {
    const BEGIN: &'static [u8] = br#"{"items":["#;

    fn new(max: usize) -> Self {
        let mut body = Vec::with_capacity(INITIAL_CAPACITY);
        body.extend_from_slice(Self::BEGIN);
        Self { body, max, size: 0, counted: Self::BEGIN.len(), is_empty: true }
    }

    /// Adds an item if it fits; always adds the first one, so that every list can be read to its end.
    fn add(&mut self, view: &impl Serialize) -> Result<bool, ApiError> {
        let before = self.body.len();
        let (size, counted) = (self.size, self.counted);
        if !self.is_empty {
            self.body.push(b',');
        }
        serde_json::to_writer(&mut self.body, view).map_err(internal)?;
        if !self.fits() && !self.is_empty {
            self.body.truncate(before);
            (self.size, self.counted) = (size, counted);
            return Ok(false);
        }
        self.is_empty = false;
        Ok(true)
    }

    /// Whether the body is within the maximum. Counts new bytes only if they could exceed it: the gateway counts one
    /// byte as at most two.
    fn fits(&mut self) -> bool {
        let new = self.body.get(self.counted..).unwrap_or_default();
        if self.size.saturating_add(new.len().saturating_mul(2)) > self.max {
            self.size = self.size.saturating_add(size_within_json(new));
            self.counted = self.body.len();
        }
        self.size.saturating_add(self.body.len().saturating_sub(self.counted)) <= self.max
    }

    fn finish(mut self, next_cursor: Option<&str>) -> Result<Vec<u8>, ApiError> {
        self.body.extend_from_slice(br#"],"next_cursor":"#);
        serde_json::to_writer(&mut self.body, &next_cursor).map_err(internal)?;
        self.body.push(b'}');
        Ok(self.body)
    }
}

/// The size of JSON as a text within the JSON that a function returns. It contains no control characters, which would
/// take more.
fn size_within_json(json: &[u8]) -> usize {
    let escaped = json.iter().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    json.len().saturating_add(escaped)
}

fn internal(error: serde_json::Error) -> ApiError {
    ApiError::Internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The maximum size of a DynamoDB item.
    const MAX_ITEM: usize = 400 * 1024;

    #[test]
    fn size_within_json_equals_the_encoded_length() {
        for view in [json!({"a": "\"\\/\n\t\u{1}\u{7f}é😀"}), json!([1.5, null, "x"]), json!("\"".repeat(1000))] {
            let text = view.to_string();
            assert_eq!(size_within_json(text.as_bytes()) + 2, json!(text).to_string().len());
        }
    }

    #[test]
    fn add_of_an_item_above_the_page_size_ends_the_page() {
        let mut items = Items::new(20);
        assert!(items.add(&"12345678").unwrap(), "12 bytes");
        assert!(!items.add(&"12345").unwrap(), "10 more with the comma");
        assert!(items.add(&"123").unwrap(), "8 more");
        assert!(!items.add(&1).unwrap());
        assert_eq!(items.finish(None).unwrap(), br#"{"items":["12345678","123"],"next_cursor":null}"#);
    }

    #[test]
    fn add_of_the_largest_item_fits_into_a_page() {
        // The worst case: a control character takes six bytes in JSON, and seven in JSON within JSON.
        let view = "\u{1}".repeat(MAX_ITEM);
        let mut items = Items::new(1);
        assert!(items.add(&view).unwrap());
        let size = size_within_json(&items.finish(Some("x")).unwrap());
        assert!(size < 3 * 1024 * 1024, "{size}");
    }
}
