//! `GET /products/{id}`: gets a product, with its levels if `include=levels`.
//!
//! Tests: `tests/api/catalogue/products.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, FromQuery, Operation, Parameters, PathId, Query, RequestStore, Scope, describe};
use stockroom_domain::fault::Fault;

use crate::view::{ProductView, shown};

pub(crate) struct Inclusion {
    levels: bool,
}

struct Levels;

describe!(Levels: {
    "description": "`levels` adds the stock levels of the product in all warehouses that ever had stock of it. The \
                    response then has no ETag.",
    "type": "string", "enum": ["levels"], "examples": ["levels"],
});

impl std::str::FromStr for Levels {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        if text == "levels" { Ok(Self) } else { Err(Fault::new("unknown_value", "must be levels")) }
    }
}

impl FromQuery for Inclusion {
    fn from_params<P: Parameters>(params: &mut P) -> Option<Self> {
        Some(Self { levels: params.optional::<Levels>("include")?.is_some() })
    }
}

pub(crate) async fn get(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<stockroom_domain::id::ProductId>,
    Query(Inclusion { levels }): Query<Inclusion>,
) -> Result<Answer, ApiError> {
    let organization = scope.claim().organization;
    if !levels {
        return Ok(shown(organization, &store.products(&scope).get(id).await?));
    }
    let (product, levels, has_more) = store.products(&scope).get_with_levels(id).await?;
    let all = has_more.then(|| format!("/api/v1/stock-levels?product_id={id}"));
    // Levels change without the product's version, so this view has no `ETag`.
    Ok(Answer::ok(&ProductView::new(organization, &product).with_levels(&levels)).next(all))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Get a product")
        .note(
            "`include=levels` adds up to 1,000 levels, one per warehouse. If there are more, the header `Link` with \
             `rel=\"next\"` leads to `GET /stock-levels?product_id=...`, which lists all of them. A response with \
             levels has no ETag, because levels change independently of the product.",
        )
        .shows::<ProductView<'_>>()
        .continued()
        .versioned();
}
