//! Purchase requests: drafts, decisions, receipts.
//!
//! An open request holds its products: each product counts the lines that name it, in the transaction that adds or
//! removes them. A deletion therefore reads the product alone. A receipt writes the ledger in the transaction that
//! counts the received quantity on its line, so parallel receipts never exceed the order.

mod close;
mod lines;
mod prices;
mod receive;
mod recount;

use std::collections::BTreeSet;

use stockroom_domain::{
    access::{Permission, Role},
    id::{OrganizationId, PurchaseRequestId, UserId},
    log::{Action, Entity},
    purchasing::{
        NewLine, PurchaseRequest, PurchaseRequestDraft, PurchaseRequestNumber, PurchaseRequestStatus, Transition,
    },
    text::Notes,
    user::Person,
};

pub use self::{close::OrderClosing, receive::Receipt};
use self::{
    lines::{NewItems, held, named_keys, releasing, relies_on_product},
    prices::{Prices, present_currency},
};
pub(crate) use self::{
    prices::{COUNTED_WITH, CurrencyChange, PriceLook, count_prices, currency_change},
    recount::count_holds,
};
use crate::{
    dynamo::{
        expression::{Expression, absent, expression, version_is},
        item::{Item, data, n, s, with_compact_data},
        key::{Index, Key},
        page::{Page, PageRequest, Position},
        query::Query,
    },
    error::StoreError,
    keys::OrganizationKeys,
    write::{
        Attempt, Authority, Change, Decision, Outcome,
        access::Table,
        guard::Guards,
        log::{Entry, difference, snapshot},
        scope::TenantScope,
    },
};

/// A new purchase request.
#[derive(Debug, Clone)]
pub struct NewPurchaseRequest {
    pub notes: Option<Notes>,
    /// 1 to 40 lines, each product at most once.
    pub lines: Vec<NewLine>,
}

/// Changes of a draft.
#[derive(Debug, Clone)]
pub struct PurchaseRequestChanges<N> {
    /// Returns the new notes for the present ones.
    pub notes: N,
    /// All lines of the draft; `None` leaves them as they are.
    pub lines: Option<Vec<NewLine>>,
}

/// Filters of a list of purchase requests.
#[derive(Debug, Clone, Copy, Default)]
pub struct PurchaseRequestFilter {
    pub status: Option<PurchaseRequestStatus>,
    pub created_by: Option<UserId>,
}

/// See [`crate::Store::purchase_requests`]. Staff see only their own requests; all others are not found for them.
#[derive(Debug, Clone, Copy)]
pub struct PurchaseRequests<'a> {
    table: &'a Table,
    scope: &'a TenantScope,
}

impl<'a> PurchaseRequests<'a> {
    pub(crate) fn new(table: &'a Table, scope: &'a TenantScope) -> Self {
        Self { table, scope }
    }

    fn keys(&self) -> OrganizationKeys {
        self.scope.keys()
    }

    /// One request.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, id: PurchaseRequestId) -> Result<PurchaseRequest, StoreError> {
        let key = self.keys().request(id);
        let items = self.table.get_for(self.scope, std::slice::from_ref(&key)).await?;
        let caller = self.table.verify(self.scope).await?;
        Ok(self.visible(items.get(&key), caller.user.role)?.stating(caller.organization.currency))
    }

    /// The request of an item, if it exists and a user with this role may see it.
    fn visible(&self, item: Option<&Item>, role: Role) -> Result<PurchaseRequest, StoreError> {
        let request: PurchaseRequest = data(item.ok_or(StoreError::NotFound)?)?;
        if sees_all(role) || request.is_of(self.scope.claim().user) { Ok(request) } else { Err(StoreError::NotFound) }
    }

    /// A page of requests, by age.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list(
        &self,
        filter: &PurchaseRequestFilter,
        page: &PageRequest,
    ) -> Result<Page<PurchaseRequest>, StoreError> {
        // The stored role decides which requests are read. The token nearly always has the same role, and using it
        // saves a round trip.
        let guess = sees_all(self.scope.claimed_role().unwrap_or(Role::Staff));
        let mut found = self.table.beside_check(self.scope, self.page(guess, filter, page)).await?;
        let caller = self.table.verify(self.scope).await?;
        let known = sees_all(caller.user.role);
        if known != guess {
            found = self.page(known, filter, page).await?;
        }
        let currency = caller.organization.currency;
        Ok(found.filter_map(|request| Some(request.stating(currency))))
    }

    async fn page(
        &self,
        sees_all: bool,
        filter: &PurchaseRequestFilter,
        page: &PageRequest,
    ) -> Result<Page<PurchaseRequest>, StoreError> {
        let (keys, me) = (self.keys(), self.scope.claim().user);
        let creator = match filter.created_by {
            Some(user) if !sees_all && user != me => return Ok(Page::empty()),
            None if !sees_all => Some(me),
            creator => creator,
        };
        let mut query = match (creator, filter.status) {
            (Some(user), _) => Query::index(Index::Two, keys.requests_by(user), 0),
            (None, Some(status)) => Query::index(Index::One, keys.requests_in(status), 0),
            (None, None) => Query::new(keys.requests(), 0),
        };
        if let (Some(_), Some(status)) = (creator, filter.status) {
            query.filter = expression("#data.#status = :status").with("status", s(status.name()));
        }
        // All three queries sort by id, so a page can end in one of them and continue in another.
        let start = |id: &str| {
            let mut at = Position::of(&Key::new(keys.requests(), id).attributes(), &["pk", "sk"]);
            if let Some(index) = query.index {
                let (partition, sort) = index.key_names();
                at = at.with([(partition, query.partition.clone()), (sort, id.to_owned())]);
            }
            at
        };
        let after = page.after.as_ref().and_then(|after| after.get("sk")).map(start);
        let found = self.table.page(query.clone(), &PageRequest { after, ..page.clone() }).await?;
        found.at(|position| Position::single("sk", position.get("sk").unwrap_or_default())).try_map(|item| data(&item))
    }

    /// Adds a draft under the next number.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] for unknown references, or a quantity with too many decimals.
    pub async fn add(
        &self,
        new: &NewPurchaseRequest,
        present: impl Fn(&PurchaseRequest) -> Vec<u8>,
    ) -> Result<Outcome<PurchaseRequest>, StoreError> {
        let keys = self.keys();
        let counter = keys.requests_counter();
        let mut wanted = named_keys(keys, &new.lines);
        wanted.extend([counter.clone(), keys.organization()]);
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<PurchaseRequest>, StoreError> {
            let id = attempt.id();
            let items = match NewItems::read(attempt, keys, id, &[], &new.lines)? {
                NewItems::Ready(items) => items,
                NewItems::BeingDeleted => return Ok(Decision::Wait("a product is being deleted")),
            };
            let (last, counts) = next_number(attempt.find(&counter));
            let caller = attempt.caller()?;
            let currency = present_currency(attempt, keys)?;
            let items_of_request: Vec<_> = items.iter().map(|(item, _)| item.clone()).collect();
            let draft = PurchaseRequestDraft {
                id,
                request_number: PurchaseRequestNumber(last.saturating_add(1)),
                notes: new.notes.clone(),
                items: items_of_request,
                created_by: Person::from(&caller.user),
            };
            let request = PurchaseRequest::draft(draft, currency, attempt.now);
            let mut guards = Guards::default();
            for (_, goods) in &items {
                goods.hold(&mut guards);
            }
            let entry = entry(attempt, Action::Create, &request, (None, Some(snapshot(&request)?)));
            let prices = Prices::of(None, &request, currency);
            let number = next_counter(request.request_number);
            let change = Change::logged(request.clone().stating(currency), self.scope.claim().organization, &entry)?
                .put(item(keys, &request)?, &absent())?
                .update(&counter, &prices.counted(number), &counts)?;
            Ok(guards.onto(prices.checked(keys, change)?)?.into())
        };
        self.table.write(Authority::Tenant(self.scope), &wanted, decide, present).await
    }

    /// Changes a draft.
    ///
    /// # Errors
    /// As [`PurchaseRequests::add`], [`StoreError::NotFound`], [`StoreError::VersionMismatch`],
    /// [`crate::Conflict::InvalidTransition`] when it is not a draft.
    pub async fn revise(
        &self,
        id: PurchaseRequestId,
        expected: Option<u64>,
        changes: &PurchaseRequestChanges<impl Fn(&Option<Notes>) -> Option<Notes>>,
    ) -> Result<PurchaseRequest, StoreError> {
        let (keys, key) = (self.keys(), self.keys().request(id));
        let mut wanted = changes.lines.as_ref().map(|lines| named_keys(keys, lines)).unwrap_or_default();
        wanted.extend([key.clone(), keys.organization()]);
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<PurchaseRequest>, StoreError> {
            let before = self.expected(attempt, &key, expected)?;
            let attempt = &attempt.behind(before.updated_at);
            let mut after = before.next(attempt.now);
            after.notes = (changes.notes)(&before.notes);
            let (mut guards, mut gone) = (Guards::default(), Vec::new());
            let read = |lines: &Vec<NewLine>| NewItems::read(attempt, keys, id, &before.items, lines);
            let new_items = changes.lines.as_ref().map(read).transpose()?;
            before.require_draft()?;
            if let (Some(lines), Some(items)) = (&changes.lines, new_items) {
                let NewItems::Ready(items) = items else {
                    return Ok(Decision::Wait("a product is being deleted"));
                };
                let (old, new) = (before.products(), lines.iter().map(|line| line.product).collect::<BTreeSet<_>>());
                for (item, goods) in &items {
                    match before.items.iter().find(|line| line.product_id == item.product_id) {
                        None => goods.hold(&mut guards),
                        Some(line) if relies_on_product(line, item) => goods.keep(&mut guards),
                        Some(_) => {}
                    }
                }
                gone.extend(old.difference(&new));
                after.items = items.into_iter().map(|(item, _)| item).collect();
            }
            let currency = present_currency(attempt, keys)?;
            if (&after.notes, &after.items) == (&before.notes, &before.items) {
                return Ok(Decision::Keep(before.stating(currency)));
            }
            let after = after.in_currency(currency);
            let change = self.next(attempt, Action::Update, &before, &after)?;
            let prices = Prices::of(Some(&before), &after, currency);
            releasing(attempt, keys, gone.into_iter(), guards, prices.onto(keys, change)?)
        };
        self.table.change(Authority::Tenant(self.scope), &wanted, decide).await
    }

    /// Deletes a draft of the caller, or any draft with the permission to delete all drafts.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Forbidden`], [`StoreError::VersionMismatch`],
    /// [`crate::Conflict::InvalidTransition`] when it is not a draft.
    pub async fn delete(&self, id: PurchaseRequestId, expected: Option<u64>) -> Result<(), StoreError> {
        let key = self.keys().request(id);
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<()>, StoreError> {
            let caller = &attempt.caller()?.user;
            let request = self.visible(attempt.find(&key), caller.role)?;
            if !request.is_of(caller.id) && !caller.role.may(Permission::DeleteRequests) {
                return Err(StoreError::Forbidden);
            }
            require_version(&request, expected)?;
            deletion(attempt, self.scope.claim().organization, &request)
        };
        self.table.change(Authority::Tenant(self.scope), std::slice::from_ref(&key), decide).await
    }

    /// Applies a transition to a request.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::VersionMismatch`], [`crate::Conflict::InvalidTransition`].
    pub async fn apply(
        &self,
        id: PurchaseRequestId,
        expected: Option<u64>,
        transition: &Transition,
        present: impl Fn(&PurchaseRequest) -> Vec<u8>,
    ) -> Result<Outcome<PurchaseRequest>, StoreError> {
        let (keys, key) = (self.keys(), self.keys().request(id));
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<PurchaseRequest>, StoreError> {
            let before = self.expected(attempt, &key, expected)?;
            let attempt = &attempt.behind(before.updated_at);
            let after = before.apply(transition, &Person::from(&attempt.caller()?.user), attempt.now)?;
            let change = self.next(attempt, transition.action(), &before, &after)?;
            let released = held(&after).filter(|_| !after.status().is_open());
            releasing(attempt, keys, released, Guards::default(), change)
        };
        self.table.write(Authority::Tenant(self.scope), std::slice::from_ref(&key), decide, present).await
    }

    /// The request as the attempt read it, in the expected version.
    fn expected(&self, attempt: &Attempt<'_>, key: &Key, expected: Option<u64>) -> Result<PurchaseRequest, StoreError> {
        let request = self.visible(attempt.find(key), attempt.caller()?.user.role)?;
        require_version(&request, expected)?;
        Ok(request)
    }

    /// The change from one version of a request to the next.
    fn next(
        &self,
        attempt: &Attempt<'_>,
        action: Action,
        before: &PurchaseRequest,
        after: &PurchaseRequest,
    ) -> Result<Change<PurchaseRequest>, StoreError> {
        let (shown_before, shown_after) = difference(snapshot(before)?, snapshot(after)?);
        self.next_logged(attempt, action, (before, after), (Some(shown_before), Some(shown_after)))
    }

    /// The same with these states in its log entry.
    fn next_logged(
        &self,
        attempt: &Attempt<'_>,
        action: Action,
        (before, after): (&PurchaseRequest, &PurchaseRequest),
        states: (Option<serde_json::Value>, Option<serde_json::Value>),
    ) -> Result<Change<PurchaseRequest>, StoreError> {
        let entry = entry(attempt, action, after, states);
        let shown = after.clone().stating(attempt.caller()?.organization.currency);
        Change::logged(shown, self.scope.claim().organization, &entry)?
            .put(item(self.keys(), after)?, &version_is(before.version))
    }
}

/// The deletion of a draft as it was read, with its log entry. It releases the products, and the price count.
pub(crate) fn deletion(
    attempt: &Attempt<'_>,
    organization: OrganizationId,
    request: &PurchaseRequest,
) -> Result<Decision<()>, StoreError> {
    request.require_draft()?;
    let keys = OrganizationKeys(organization);
    let attempt = &attempt.behind(request.updated_at);
    let entry = entry(attempt, Action::Delete, request, (Some(snapshot(request)?), None));
    let change =
        Change::logged((), organization, &entry)?.delete(&keys.request(request.id), &version_is(request.version))?;
    let change = if request.has_prices() { Prices::Gone.onto(keys, change)? } else { change };
    releasing(attempt, keys, held(request), Guards::default(), change)
}

/// An entry about a request, which belongs to its creator.
fn entry(
    attempt: &Attempt<'_>,
    action: Action,
    request: &PurchaseRequest,
    states: (Option<serde_json::Value>, Option<serde_json::Value>),
) -> Entry {
    let entry = attempt.entry(action, (Entity::PurchaseRequest, request.id), states);
    Entry { owner: Some(request.created_by.id), ..entry }
}

fn require_version(request: &PurchaseRequest, expected: Option<u64>) -> Result<(), StoreError> {
    if expected.is_some_and(|version| version != request.version) { Err(StoreError::VersionMismatch) } else { Ok(()) }
}

/// Whether users with this role see all requests.
fn sees_all(role: Role) -> bool {
    role.may(Permission::DecidePurchases)
}

/// The last assigned number, and the condition that it is still the last.
fn next_number(counter: Option<&Item>) -> (u64, Expression) {
    let last = counter.and_then(|item| item.get("count")?.as_n().ok()?.parse().ok());
    last.map_or_else(|| (0, absent()), |last| (last, expression("#count = :last").with("last", n(last))))
}

/// The update that assigns a number.
fn next_counter(PurchaseRequestNumber(number): PurchaseRequestNumber) -> Expression {
    expression("SET #count = :next").with("next", n(number))
}

fn item(keys: OrganizationKeys, request: &PurchaseRequest) -> Result<Item, StoreError> {
    let mut item = with_compact_data(&keys.request(request.id), request)?;
    Index::One.insert(&mut item, (keys.requests_in(request.status()), request.id.to_string()));
    Index::Two.insert(&mut item, (keys.requests_by(request.created_by.id), request.id.to_string()));
    Ok(item)
}
