//! All keys of the table, formatted and parsed only here. `shared/store/TABLE.md` lists them.

use stockroom_domain::{
    id::{EntryId, Id, OrganizationId, ProductId, PurchaseRequestId, SupplierId, UserId, WarehouseId},
    organization::Subdomain,
    purchasing::PurchaseRequestStatus,
    text::Barcode,
    time::Timestamp,
};

use crate::dynamo::key::Key;

/// The number of partitions for an organization's log entries, and for its movements.
pub(crate) const SHARDS: u8 = 4;

/// Ends a barcode in a sort key: no barcode holds a control character.
const BARCODE_END: char = '\u{1}';
/// Stands between a folded name and an id. It sorts before every character that a name can hold, so that a name comes
/// before those that begin with it: DynamoDB sorts by the bytes of UTF-8, and a name holds no control characters.
const NAME_END: char = '\u{1}';

/// The most bytes of a folded name in a sort key; DynamoDB allows 1,024 including the id.
const NAME_BYTES: usize = 900;

/// The claim that makes a subdomain unique and names its organization.
pub(crate) fn tenant(subdomain: &str) -> Key {
    Key::new(format!("TENANT#{subdomain}"), "TENANT")
}

/// The only place of a password's hash; also the claim that makes an e-mail address unique.
pub(crate) fn credential(subdomain: &str, folded_email: &str) -> Key {
    Key::new(format!("CREDENTIAL#{subdomain}"), folded_email)
}

/// The partition of the stored response of a sign-up, which has no user.
pub(crate) fn onboarding_idempotency(subdomain: &Subdomain) -> String {
    format!("TENANT#{subdomain}#IDEMPOTENCY")
}

/// The partition of migrations and their runs.
pub(crate) const MIGRATIONS: &str = "MIGRATIONS";

/// A migration with its position.
pub(crate) fn migration(id: &str) -> Key {
    Key::new(MIGRATIONS, id)
}

/// One run of a migration.
pub(crate) fn migration_run(id: &str, run: &str) -> Key {
    Key::new(MIGRATIONS, format!("{id}#{run}"))
}

/// The kind of users.
pub(crate) const USER: &str = "USER";
/// The kind of products.
pub(crate) const PRODUCT: &str = "PRODUCT";
/// The kind of suppliers.
pub(crate) const SUPPLIER: &str = "SUPPLIER";
/// The kind of warehouses.
pub(crate) const WAREHOUSE: &str = "WAREHOUSE";

/// The kind of the items of a partition: the word after the organization, or the first word.
pub(crate) fn kind(pk: &str) -> &str {
    let own = pk.strip_prefix("ORG#").and_then(|rest| rest.split_once('#')).map_or(pk, |(_, kind)| kind);
    own.split('#').next().unwrap_or_default()
}

/// A bucket of a rate limit: of a user, an organization, an address, ...
pub(crate) fn rate(limit: &str, subject: impl std::fmt::Display) -> Key {
    Key::new(format!("RATE#{limit}#{subject}"), "RATE")
}

/// The purge of an organization: its progress, then its summary.
pub(crate) fn purge(organization: OrganizationId) -> Key {
    Key::new(format!("PURGE#{organization}"), "PURGE")
}

/// Index 1: finished purges, by time.
pub(crate) fn purged(organization: OrganizationId, finished_at: Timestamp) -> (String, String) {
    ("PURGED".to_owned(), format!("{finished_at}#{organization}"))
}

/// The number of partitions for the lists of organizations.
pub(crate) const DIRECTORY_SHARDS: u8 = 16;

/// Index 1: all organizations, or those in the list of one job.
pub(crate) fn directory(list: Option<&str>, shard: u8) -> String {
    match list {
        None => format!("DIRECTORY#{shard}"),
        Some(list) => format!("DIRECTORY#{list}#{shard}"),
    }
}

/// An organization's place in such a list.
pub(crate) fn listed(list: Option<&str>, organization: OrganizationId) -> (String, String) {
    let shard = organization.uuid().as_bytes().last().copied().unwrap_or_default() % DIRECTORY_SHARDS;
    (directory(list, shard), organization.to_string())
}

/// The keys of one organization.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OrganizationKeys(pub(crate) OrganizationId);

impl OrganizationKeys {
    fn partition(self, kind: &str) -> String {
        format!("ORG#{}#{kind}", self.0)
    }

    pub(crate) fn organization(self) -> Key {
        Key::new(self.partition("ORG"), "ORG")
    }

    /// The partition of all users.
    pub(crate) fn users(self) -> String {
        self.partition(USER)
    }

    pub(crate) fn user(self, id: UserId) -> Key {
        Key::new(self.users(), id)
    }

    /// The counter of active admins.
    pub(crate) fn admins(self) -> Key {
        Key::new(self.counters(), "ADMINS")
    }

    /// The partition of both counters.
    pub(crate) fn counters(self) -> String {
        self.partition("COUNTER")
    }

    /// The number of the last purchase request.
    pub(crate) fn requests_counter(self) -> Key {
        Key::new(self.counters(), "REQUESTS")
    }

    /// Claims on mails.
    pub(crate) fn claims(self) -> String {
        self.partition("CLAIM")
    }

    /// The claim on the mail to a user about an occasion.
    pub(crate) fn mail_claim(self, occasion: impl std::fmt::Display, user: UserId) -> Key {
        Key::new(self.claims(), format!("MAIL#{occasion}#{user}"))
    }

    /// All purchase requests, by age.
    pub(crate) fn requests(self) -> String {
        self.partition("PR")
    }

    pub(crate) fn request(self, id: PurchaseRequestId) -> Key {
        Key::new(self.requests(), id)
    }

    /// Index 1: the purchase requests of a status, by age.
    pub(crate) fn requests_in(self, status: PurchaseRequestStatus) -> String {
        self.partition(&format!("PR#{}", status.name()))
    }

    /// Index 2: one user's own purchase requests, by age.
    pub(crate) fn requests_by(self, user: UserId) -> String {
        self.partition(&format!("PR#BY#{user}"))
    }

    pub(crate) fn idempotency(self, user: UserId) -> String {
        self.partition(&format!("IDEMPOTENCY#{user}"))
    }

    /// The partition of all products, suppliers or warehouses.
    pub(crate) fn catalogue(self, kind: &str) -> String {
        self.partition(kind)
    }

    pub(crate) fn product(self, id: ProductId) -> Key {
        Key::new(self.catalogue(PRODUCT), id)
    }

    pub(crate) fn supplier(self, id: SupplierId) -> Key {
        Key::new(self.catalogue(SUPPLIER), id)
    }

    pub(crate) fn warehouse(self, id: WarehouseId) -> Key {
        Key::new(self.catalogue(WAREHOUSE), id)
    }

    /// Index 1: the products of a category, by age.
    pub(crate) fn category(self, category: &str) -> String {
        self.partition(&format!("CATEGORY#{category}"))
    }

    /// Index 2: everything of a kind, by name.
    pub(crate) fn by_name(self, kind: &str) -> String {
        self.partition(&format!("NAME#{kind}"))
    }

    /// Claims of SKUs, which also give the order by SKU.
    pub(crate) fn skus(self) -> String {
        self.partition("SKU")
    }

    /// Pointers from barcodes to products, by barcode and product.
    pub(crate) fn barcodes(self) -> String {
        self.partition("BARCODE")
    }

    /// The pointer from a barcode to a product.
    pub(crate) fn barcode(self, barcode: &Barcode, id: impl Id) -> Key {
        Key::new(self.barcodes(), format!("{}{id}", barcode_prefix(barcode)))
    }

    /// The levels of a warehouse, by product.
    pub(crate) fn stock(self, warehouse: WarehouseId) -> String {
        self.partition(&format!("STOCK#{warehouse}"))
    }

    pub(crate) fn level(self, product: ProductId, warehouse: WarehouseId) -> Key {
        Key::new(self.stock(warehouse), product)
    }

    /// The level of such a [`level_sort`].
    pub(crate) fn level_of(self, sort: &str) -> Option<Key> {
        let (product, warehouse) = sort.split_once('#')?;
        Some(self.level(product.parse().ok()?, warehouse.parse().ok()?))
    }

    /// Index 1: low levels, by the time they became low.
    pub(crate) fn low(self) -> String {
        self.partition("LOW")
    }

    /// The state of low-stock mail; in index 1, the list of the job.
    pub(crate) fn low_watch(self) -> Key {
        Key::new(self.low(), "WATCH")
    }

    /// Index 2: all levels, by product and warehouse.
    pub(crate) fn levels(self) -> String {
        self.partition("LEVELS")
    }

    pub(crate) fn movement_shard(self, shard: u8) -> String {
        self.partition(&format!("MOVE#{shard}"))
    }

    /// The movement with that id, which may be the id of any entity.
    pub(crate) fn movement(self, id: impl Id) -> Key {
        Key::new(self.movement_shard(shard(id)), id)
    }

    /// Index 1: the movements of a product, by warehouse and sequence.
    pub(crate) fn ledger(self, product: ProductId) -> String {
        self.partition(&format!("LEDGER#{product}"))
    }

    /// Index 2: the movements in a warehouse, by age.
    pub(crate) fn at(self, warehouse: WarehouseId) -> String {
        self.partition(&format!("AT#{warehouse}"))
    }

    pub(crate) fn log_shard(self, shard: u8) -> String {
        self.partition(&format!("LOG#{shard}"))
    }

    pub(crate) fn entry(self, id: EntryId) -> Key {
        Key::new(self.log_shard(shard(id)), id)
    }

    /// An entry of the log, movement or not.
    pub(crate) fn any_entry(self, id: EntryId) -> Key {
        if id.is_of_movement() { self.movement(id) } else { self.entry(id) }
    }

    /// Index 1: the entries about one entity.
    pub(crate) fn history(self, entity: impl std::fmt::Display) -> String {
        self.partition(&format!("HISTORY#{entity}"))
    }

    /// Index 2: the entries of one user.
    pub(crate) fn actor(self, user: UserId) -> String {
        self.partition(&format!("ACTOR#{user}"))
    }
}

/// The prefix of the sort keys of all pointers of a barcode.
pub(crate) fn barcode_prefix(barcode: &Barcode) -> String {
    format!("{barcode}{BARCODE_END}")
}

fn shard(id: impl Id) -> u8 {
    id.uuid().as_bytes().last().copied().unwrap_or_default() % SHARDS
}

/// The sort key of the order by name.
pub(crate) fn name_sort(folded: &str, id: impl Id) -> String {
    let end = folded.floor_char_boundary(NAME_BYTES);
    format!("{}{NAME_END}{id}", folded.get(..end).unwrap_or_default())
}

/// Whether such a sort key has the present separator. Older ones have `#`.
pub(crate) fn is_current_name_sort(sort: &str) -> bool {
    sort.contains(NAME_END)
}

/// The sort key of a movement in its product's ledger.
pub(crate) fn ledger_sort(warehouse: WarehouseId, at: Timestamp, sequence: u64) -> String {
    format!("{warehouse}#{at}#{sequence:012}")
}

/// The sort key of a level among all levels, which also ends its sort key among low levels.
pub(crate) fn level_sort(product: ProductId, warehouse: WarehouseId) -> String {
    format!("{product}#{warehouse}")
}

/// The product and warehouse of a level's key.
pub(crate) fn parse_level(key: &Key) -> Option<(ProductId, WarehouseId)> {
    let (_, warehouse) = key.pk.rsplit_once('#')?;
    Some((key.sk.parse().ok()?, warehouse.parse().ok()?))
}

/// The organization whose log or movements a partition has; `None` for every other partition.
pub(crate) fn parse_log_partition(pk: &str) -> Option<OrganizationId> {
    let (organization, kind) = pk.strip_prefix("ORG#")?.split_once('#')?;
    let shard = kind.strip_prefix("LOG#").or_else(|| kind.strip_prefix("MOVE#"))?;
    shard.parse::<u8>().ok().filter(|shard| *shard < SHARDS)?;
    organization.parse().ok()
}

/// The id after the last `#` of a key.
pub(crate) fn last_id<I: Id>(key: &str) -> Option<I> {
    key.rsplit('#').next()?.parse().ok()
}

/// The bounds of ids made from `from` (inclusive) to `to` (exclusive), as sort keys.
pub(crate) fn id_bounds(from: Option<Timestamp>, to: Option<Timestamp>) -> (String, String) {
    let prefix = |at: Timestamp| {
        let hex = format!("{:012x}", at.unix_millis());
        let (high, low) = hex.split_at(8);
        format!("{high}-{low}")
    };
    (from.map(prefix).unwrap_or_default(), to.map_or_else(|| "g".to_owned(), prefix))
}

/// The sort keys of the ids just before and just after an id.
pub(crate) fn neighbours(id: impl Id) -> (String, String) {
    let sort = |number: u128| {
        let hex = format!("{number:032x}");
        let part = |range| hex.get(range).unwrap_or_default();
        [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
    };
    let number = id.uuid().as_u128();
    (sort(number.saturating_sub(1)), sort(number.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use stockroom_domain::id::MovementId;

    use super::*;

    #[test]
    fn neighbours_of_an_id_are_adjacent() {
        let (before, behind) = neighbours("0190b6a4-7b1e-7c3a-8f00-0123456789ff".parse::<MovementId>().unwrap());
        assert_eq!(before, "0190b6a4-7b1e-7c3a-8f00-0123456789fe");
        assert_eq!(behind, "0190b6a4-7b1e-7c3a-8f00-012345678a00");
    }

    #[test]
    fn parse_log_partition_of_another_partition_is_none() {
        let organization: OrganizationId = "0190b6a4-7b1e-7c3a-8f00-0123456789ab".parse().unwrap();
        let keys = OrganizationKeys(organization);
        for partition in (0..SHARDS).flat_map(|shard| [keys.log_shard(shard), keys.movement_shard(shard)]) {
            assert_eq!(parse_log_partition(&partition), Some(organization), "{partition}");
        }
        for other in [keys.users(), keys.skus(), keys.low(), keys.log_shard(SHARDS), "TENANT#acme".to_owned()] {
            assert_eq!(parse_log_partition(&other), None, "{other}");
        }
    }

    #[test]
    fn kind_of_a_partition_is_read_from_its_key() {
        let organization: OrganizationId = "0190b6a4-7b1e-7c3a-8f00-0123456789ab".parse().unwrap();
        let keys = OrganizationKeys(organization);
        let partitions = [keys.users(), keys.movement_shard(3), keys.low(), tenant("acme").pk, MIGRATIONS.to_owned()];
        assert_eq!(partitions.each_ref().map(|pk| kind(pk)), [USER, "MOVE", "LOW", "TENANT", MIGRATIONS]);
        assert_eq!(["", "ORG#", "ORG#x"].map(kind), ["", "ORG", "ORG"]);
    }

    #[test]
    fn id_bounds_include_from_and_exclude_to() {
        let at = |millis| Timestamp::from_unix_millis(millis).unwrap();
        let (low, high) = id_bounds(Some(at(1_000)), Some(at(2_000)));
        let inside = |millis| {
            let id = MovementId::from_parts(at(millis), [0xff; 10]).to_string();
            low <= id && id <= high
        };
        assert_eq!([999, 1_000, 1_999, 2_000].map(inside), [false, true, true, false]);
    }

    #[test]
    fn name_sort_of_a_prefix_is_before_longer_names() {
        let [first, last] = [0, 0xff].map(|seed| ProductId::from_parts(Timestamp::EPOCH, [seed; 10]));
        for longer in ["main 2", "main\t", "main!", "main#1", "main\u{a0}2", "mainz", "main\u{301}"] {
            assert!(name_sort("main", last) < name_sort(longer, first), "{longer:?}");
        }
        assert!(name_sort("main", first) < name_sort("main", last));
        assert!(is_current_name_sort(&name_sort("main", first)) && !is_current_name_sort(&format!("main#{first}")));
    }

    #[test]
    fn name_sort_of_a_long_name_is_cut_between_characters() {
        let id = ProductId::from_parts(Timestamp::from_unix_millis(0).unwrap(), [0; 10]);
        assert!(name_sort(&"\u{390}".repeat(600), id).len() <= 1_024);
    }
}
