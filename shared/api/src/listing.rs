//! Lists: `limit`, `cursor` and `order` beside an operation's own filters, and pages with sealed cursors.

use std::str::FromStr;

use axum::extract::{FromRequestParts, MatchedPath};
use http::request::Parts;
use serde::Serialize;
use stockroom_domain::fault::Fault;
use stockroom_store::{CatalogueFilter, CatalogueSort, Page, PageRequest};

use crate::{
    answer::Answer,
    app::App,
    extract::{FromQuery, Parameters, Scope, pairs, read_query},
    problem::ApiError,
};

/// The filters of a list.
pub trait ListQuery: FromQuery {
    /// Whether the list begins at its end unless asked otherwise: newest first.
    fn is_descending_by_default(&self) -> bool {
        true
    }
}

/// The parameters of a plain catalogue's list: `search`, and `sort` by `created_at` or `name`.
#[derive(Debug)]
pub struct CatalogueList {
    /// Which.
    pub filter: CatalogueFilter,
    /// In which order.
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
    "description": "By what the list is sorted: by time newest first, by name ascending, unless order says otherwise.",
    "type": "string", "enum": ["created_at", "name"], "default": "created_at",
});

impl FromQuery for CatalogueList {
    fn from_params<P: Parameters>(params: &mut P) -> Option<Self> {
        let search = params.optional("search");
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
    "description": "The most items of the page.", "type": "integer", "minimum": 1, "maximum": 100, "default": 20,
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
    "description": "In which direction; the default is newest first, and ascending by name or SKU.",
    "type": "string", "enum": ["asc", "desc"],
});

struct Cursor(String);

describe!(Cursor: {
    "description": "The next_cursor of the page before, to be sent with the same parameters.", "type": "string",
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
    /// Which page.
    pub page: PageRequest,
    app: App,
    /// Who asked what: a cursor is good for nothing else.
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

#[derive(Serialize)]
struct PageView<V> {
    items: Vec<V>,
    next_cursor: Option<String>,
}

impl<F> Listing<F> {
    /// The page as it is answered.
    ///
    /// # Errors
    /// [`ApiError::Internal`].
    pub fn answer<'p, T, V: Serialize>(
        &self,
        page: &'p Page<T>,
        view: impl Fn(&'p T) -> V,
    ) -> Result<Answer, ApiError> {
        let next_cursor =
            page.next.as_ref().map(|position| self.app.cursors().seal(position, &self.binding)).transpose()?;
        let target = next_cursor.as_ref().map(|cursor| {
            let others = self.pairs.iter().filter(|(name, _)| name != "cursor");
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(others)
                .append_pair("cursor", cursor)
                .finish();
            format!("{}?{query}", self.path)
        });
        Ok(Answer::ok(&PageView { items: page.items.iter().map(view).collect(), next_cursor }).next(target))
    }
}
