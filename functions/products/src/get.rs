//! `GET /products/{id}`: one product, with its levels when `include=levels`.

use stockroom_api::{Answer, ApiError, FromQuery, Params, PathId, Query, RequestStore, Scope};
use stockroom_domain::fault::Fault;

use crate::view::{ProductView, shown};

pub(crate) struct Inclusion {
    levels: bool,
}

struct Levels;

impl std::str::FromStr for Levels {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        if text == "levels" { Ok(Self) } else { Err(Fault::new("unknown_value", "must be levels")) }
    }
}

impl FromQuery for Inclusion {
    fn from_params(params: &mut Params<'_>) -> Option<Self> {
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
    let (product, levels) = store.products(&scope).get_with_levels(id).await?;
    // Levels change without the product's version, so this view has no entity tag.
    Ok(Answer::ok(&ProductView::new(organization, &product).with_levels(&levels)))
}
