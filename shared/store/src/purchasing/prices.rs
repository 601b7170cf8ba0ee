//! The currency of prices. It is the organization's, and it cannot change while prices exist.
//!
//! The counter that gives requests their numbers also counts the requests that have a price, in their transactions. The
//! transaction of a request's first price adds one and checks that the organization still has the currency that the
//! request states. A change of the currency writes the organization and checks that the count is 0. Both transactions have
//! both items, so that one of them is first: then the other fails and decides again.

use aws_sdk_dynamodb::types::AttributeValue;
use stockroom_domain::{
    organization::{Currency, Organization},
    purchasing::PurchaseRequest,
};

use crate::{
    error::StoreError,
    expression::{Expression, expression},
    item::{Item, data, into_data, n, s},
    keys::OrganizationKeys,
    table::{Query, Table},
    write::{Attempt, Change},
};

/// On the counter: how many requests have a price, or how many more since the counter began to count them.
const PRICED: &str = "priced";
/// On the counter: whether [`PRICED`] counts all requests. Counters that earlier programs made do not, before a migration.
pub(super) const COUNTS_PRICES: &str = "counts_prices";

/// The organization's currency as this attempt read it. The caller was read by the first attempt, and may be older.
pub(super) fn present_currency(attempt: &Attempt<'_>, keys: OrganizationKeys) -> Result<Currency, StoreError> {
    let organization: Organization = data(attempt.find(&keys.organization()).ok_or(StoreError::Unauthenticated)?)?;
    Ok(organization.currency)
}

/// What a change does to whether a request has a price.
pub(super) enum Prices {
    Unchanged,
    First(Currency),
    Gone,
}

impl Prices {
    pub(super) fn of(before: Option<&PurchaseRequest>, after: &PurchaseRequest, currency: Currency) -> Self {
        match (before.is_some_and(PurchaseRequest::has_prices), after.has_prices()) {
            (false, true) => Self::First(currency),
            (true, false) => Self::Gone,
            (false, false) | (true, true) => Self::Unchanged,
        }
    }

    /// The update of the counter.
    pub(super) fn counted(&self, mut update: Expression) -> Expression {
        let by = match self {
            Self::Unchanged => return update,
            Self::First(_) => "1",
            Self::Gone => "-1",
        };
        update.text.push_str(if update.text.is_empty() { "" } else { " " });
        update.text.push_str("ADD #priced :priced");
        update.with("priced", AttributeValue::N(by.to_owned()))
    }

    /// Lets a first price be committed only in the organization's currency.
    pub(super) fn checked<T>(&self, keys: OrganizationKeys, change: Change<T>) -> Result<Change<T>, StoreError> {
        let Self::First(currency) = self else { return Ok(change) };
        let is_its_own = expression("#data.#currency = :currency").with("currency", s(currency));
        change.check(&keys.organization(), &is_its_own)
    }

    /// Adds both to the change of a request that has its number.
    pub(super) fn onto<T>(&self, keys: OrganizationKeys, change: Change<T>) -> Result<Change<T>, StoreError> {
        let update = self.counted(Expression::default());
        if update.text.is_empty() {
            return Ok(change);
        }
        let change = change.update(&keys.requests_counter(), &update, &expression("attribute_exists(#pk)"))?;
        self.checked(keys, change)
    }
}

/// Whether no request of an organization has a price, as its counter was read.
pub(crate) fn has_no_prices(counter: Option<&Item>) -> bool {
    counter.is_none_or(|counter| {
        let none = counter.get(PRICED).is_none_or(|priced| *priced == n(0));
        counter.contains_key(COUNTS_PRICES) && none
    })
}

/// The condition of the counter under which that is so.
pub(crate) fn no_prices() -> Expression {
    let none = format!("attribute_not_exists(#{PRICED}) OR #{PRICED} = :none");
    expression(format!("attribute_not_exists(#pk) OR (attribute_exists(#{COUNTS_PRICES}) AND ({none}))"))
        .with("none", n(0))
}

/// How many requests are read at once.
const PAGE: usize = 500;

/// The counter as it counts all prices of its organization, if no request was changed since it was read: whoever writes it
/// requires it to be as it was, and every first or last price of a request changes it.
pub(crate) async fn count_prices(table: &Table, keys: OrganizationKeys, mut counter: Item) -> Result<Item, StoreError> {
    if counter.contains_key(COUNTS_PRICES) {
        return Ok(counter);
    }
    // A commit in progress may show on the counter before it shows on its request. A settled read waits for it.
    table.get_settled(&[keys.requests_counter()]).await?;
    let mut query = Query::new(keys.requests(), PAGE);
    let mut priced = 0_u64;
    loop {
        let found = table.query(&query).await?;
        for item in found.items {
            priced = priced.saturating_add(u64::from(into_data::<PurchaseRequest>(item)?.has_prices()));
        }
        query.after = found.last;
        if query.after.is_none() {
            break;
        }
    }
    counter.insert(PRICED.to_owned(), n(priced));
    counter.insert(COUNTS_PRICES.to_owned(), AttributeValue::Bool(true));
    Ok(counter)
}
