//! The currency of prices: it is the organization's, and it cannot change while prices exist.
//!
//! The counter of request numbers also counts the requests with a price, in their transactions. The transaction of a
//! first price adds one and checks that the organization still has the currency of the request. A change of the
//! currency writes the organization and checks that no price was added or removed since it read the requests. Both
//! transactions touch both items, so one of them is first, and the other fails and decides again.

use aws_sdk_dynamodb::types::AttributeValue;
use stockroom_domain::{
    organization::{Currency, Organization},
    purchasing::PurchaseRequest,
};

use crate::{
    dynamo::{
        expression::{Expression, absent, expression},
        item::{Item, data, n, s},
        query::Query,
    },
    error::StoreError,
    keys::OrganizationKeys,
    write::{Attempt, Change, access::Table, fence::counted},
};

/// On the counter: the number of requests with a price, since the counter began to count them.
const PRICED: &str = "priced";
/// On the counter: rises with every change of [`PRICED`], because a sum can be as before although it has changed twice.
const PRICE_CHANGES: &str = "price_changes";
/// On the counter: whether [`PRICED`] counts all requests. Migration 0007 alone sets it, so that it runs when no
/// program is left that does not count.
const COUNTS_PRICES: &str = "counts_prices";
/// The attributes of the counter that a new count relies on. Its other attributes change with every request.
pub(crate) const COUNTED_WITH: [&str; 3] = [PRICED, PRICE_CHANGES, COUNTS_PRICES];
/// The most requests that a change of the currency looks at.
const MAX_LOOK: usize = 1_000;

/// The organization's currency as this attempt read it. The caller was read by the first attempt, and may be older.
pub(super) fn present_currency(attempt: &Attempt<'_>, keys: OrganizationKeys) -> Result<Currency, StoreError> {
    let organization: Organization = data(attempt.find(&keys.organization()).ok_or(StoreError::Unauthenticated)?)?;
    Ok(organization.currency)
}

/// The effect of a change on the price count.
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
        update.text.push_str("ADD #priced :priced, #price_changes :one");
        update.with("priced", AttributeValue::N(by.to_owned())).with("one", n(1))
    }

    /// Adds the condition that a first price is in the organization's currency.
    pub(super) fn checked<T>(&self, keys: OrganizationKeys, change: Change<T>) -> Result<Change<T>, StoreError> {
        let Self::First(currency) = self else { return Ok(change) };
        let is_its_own = expression("#data.#currency = :currency").with("currency", s(currency));
        change.check(&keys.organization(), &is_its_own)
    }

    /// Adds both to the change of an existing request.
    pub(super) fn onto<T>(&self, keys: OrganizationKeys, change: Change<T>) -> Result<Change<T>, StoreError> {
        let update = self.counted(Expression::default());
        if update.text.is_empty() {
            return Ok(change);
        }
        let change = change.update(&keys.requests_counter(), &update, &expression("attribute_exists(#pk)"))?;
        self.checked(keys, change)
    }
}

/// The counter's answer to a change of the currency.
#[derive(Debug)]
pub(crate) enum CurrencyChange {
    /// Requests have prices.
    Priced,
    /// No request has a price, as long as this holds of the counter.
    Free(Expression),
    /// The counter does not decide it: read the requests with [`PriceLook::at`].
    Unknown,
}

/// A read of the requests that found no price.
#[derive(Debug)]
pub(crate) struct PriceLook {
    /// The number of price changes before the read.
    price_changes: Option<AttributeValue>,
    /// Whether it saw all requests.
    is_complete: bool,
}

/// Whether the currency can change, by the counter and a read of the requests, if there was one. The count alone is
/// not sufficient: a program of the previous version does not count.
pub(crate) fn currency_change(counter: Option<&Item>, look: Option<&PriceLook>) -> CurrencyChange {
    let Some(counter) = counter else { return CurrencyChange::Free(absent()) };
    if counted(counter, PRICED) > 0 {
        return CurrencyChange::Priced;
    }
    match look {
        Some(look) if look.price_changes.as_ref() == counter.get(PRICE_CHANGES) => {
            if look.is_complete || counter.contains_key(COUNTS_PRICES) {
                CurrencyChange::Free(same(PRICE_CHANGES, counter.get(PRICE_CHANGES)))
            } else {
                CurrencyChange::Priced
            }
        }
        Some(_) | None => CurrencyChange::Unknown,
    }
}

fn same(name: &str, value: Option<&AttributeValue>) -> Expression {
    match value {
        Some(value) => expression(format!("#{name} = :{name}")).with(name, value.clone()),
        None => expression(format!("attribute_exists(#pk) AND attribute_not_exists(#{name})")),
    }
}

impl PriceLook {
    /// Reads the newest requests, at most [`MAX_LOOK`]; `None` if one of them has a price. A program of the previous
    /// version prices new drafts, so the newest are those that the count may lack.
    pub(crate) async fn at(table: &Table, keys: OrganizationKeys) -> Result<Option<Self>, StoreError> {
        // A commit in progress may show on the counter before it shows on its request. A settled read waits for it.
        let key = keys.requests_counter();
        let counter = table.get_settled(std::slice::from_ref(&key)).await?.remove(&key);
        let found = table.query(&Query { descending: true, ..Query::new(keys.requests(), MAX_LOOK) }).await?;
        let is_complete = found.last.is_none();
        let price_changes = counter.and_then(|mut counter| counter.remove(PRICE_CHANGES));
        let has_none = priced(found.items)? == 0;
        Ok(has_none.then_some(Self { price_changes, is_complete }))
    }
}

fn priced(requests: Vec<Item>) -> Result<u64, StoreError> {
    requests.into_iter().try_fold(0_u64, |priced, item| {
        Ok(priced.saturating_add(u64::from(data::<PurchaseRequest>(&item)?.has_prices())))
    })
}

/// How many requests a count reads at once.
const PAGE: usize = 500;

/// The counter with the number of all requests that have prices. It may be written only while [`COUNTED_WITH`] are as
/// they were read: every change of whether a request has prices raises [`PRICE_CHANGES`].
pub(crate) async fn count_prices(table: &Table, keys: OrganizationKeys, mut counter: Item) -> Result<Item, StoreError> {
    // A commit in progress may show on the counter before it shows on its request. A settled read waits for it.
    table.get_settled(&[keys.requests_counter()]).await?;
    let mut query = Query::new(keys.requests(), PAGE);
    let mut count = 0_u64;
    loop {
        let found = table.query(&query).await?;
        count = count.saturating_add(priced(found.items)?);
        query.after = found.last;
        if query.after.is_none() {
            break;
        }
    }
    counter.insert(PRICED.to_owned(), n(count));
    counter.insert(COUNTS_PRICES.to_owned(), AttributeValue::Bool(true));
    Ok(counter)
}
