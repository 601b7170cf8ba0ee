//! Products: a catalogue whose SKUs are unique and whose minimum every level carries.

use std::ops::Deref;

use stockroom_domain::{
    catalogue::{Product, ProductDetails},
    id::ProductId,
    text::{Barcode, SearchTerm, Sku},
};

use crate::{
    catalogue::{Catalogue, CatalogueFilter, CatalogueSort, Revised, claimed_by, stored::Stored as _},
    dynamo::{
        expression::{Expression, expression},
        item::{Item, data, s},
        key::{Index, Key},
        page::{Page, PageItem, PageRequest, Position},
        query::{Query, Range},
    },
    error::{Conflict, StoreError},
    keys::{barcode_prefix, name_sort},
    stock::{
        level_records::Held,
        levels::{LevelView, Levels},
    },
    write::{access::Table, scope::TenantScope},
};

/// The most claims or pointers that a filtered page follows; each costs the read of a product.
const MAX_POINTERS: usize = 100;

/// Which products a list shows.
#[derive(Debug, Clone, Default)]
pub struct ProductFilter {
    /// By part of name, SKU or barcode, or by category.
    pub catalogue: CatalogueFilter,
    /// The SKU, ignoring case.
    pub sku: Option<Sku>,
    /// The barcode, exactly.
    pub barcode: Option<Barcode>,
}

/// The order of a list of products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProductSort {
    /// As any catalogue.
    Catalogue(CatalogueSort),
    /// By SKU, case folded.
    Sku,
}

/// See [`crate::Store::products`]. It also has the operations of every catalogue.
#[derive(Debug)]
pub struct Products<'a> {
    catalogue: Catalogue<'a, ProductDetails>,
}

impl<'a> Deref for Products<'a> {
    type Target = Catalogue<'a, ProductDetails>;

    fn deref(&self) -> &Self::Target {
        &self.catalogue
    }
}

impl<'a> Products<'a> {
    pub(crate) fn new(table: &'a Table, scope: &'a TenantScope) -> Self {
        Self { catalogue: Catalogue::new(table, scope) }
    }

    /// A page of products.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list(
        &self,
        filter: &ProductFilter,
        sort: ProductSort,
        page: &PageRequest,
    ) -> Result<Page<Product>, StoreError> {
        if let Some(sku) = &filter.sku {
            return self.with_sku(sku, filter).await;
        }
        if let Some(barcode) = &filter.barcode
            && let Some(found) = self.with_barcode(barcode, filter, sort, page).await?
        {
            return Ok(found);
        }
        let query = Query::new(self.scope.keys().skus(), 0);
        match sort {
            ProductSort::Catalogue(sort) => {
                self.catalogue.list_where(&filter.catalogue, sort, filter.has_barcode(), page).await
            }
            ProductSort::Sku => self.follow(query, filter, page).await,
        }
    }

    /// One product with its levels, and whether it has more than [`crate::MAX_LEVELS_OF_PRODUCT`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get_with_levels(&self, id: ProductId) -> Result<(Product, Vec<LevelView>, bool), StoreError> {
        let levels = Levels::new(self.table, self.scope);
        let (product, (levels, has_more)) = self.table.both(self.get(id), levels.of_product(id)).await?;
        Ok((product, levels, has_more))
    }

    /// The products with a barcode. They are few and usually fit on one page, so their pointers lead to them in any
    /// order. `None` if they do not fit, unless the order is that of the pointers: age.
    async fn with_barcode(
        &self,
        barcode: &Barcode,
        filter: &ProductFilter,
        sort: ProductSort,
        page: &PageRequest,
    ) -> Result<Option<Page<Product>>, StoreError> {
        let range = Range::Prefix(barcode_prefix(barcode));
        let query = Query { range, ..Query::new(self.scope.keys().barcodes(), 0) };
        if sort == ProductSort::Catalogue(CatalogueSort::CreatedAt) {
            return self.follow(query, filter, page).await.map(Some);
        }
        if page.after.is_some() {
            return Ok(None);
        }
        // Pointers that do not fit on the page cost reads without a use.
        let pointers = PageRequest { limit: page.limit.min(MAX_POINTERS), ..page.clone() };
        let pointers = self.table.beside_check(self.scope, self.table.page(query, &pointers)).await?;
        if pointers.next().is_some() {
            return Ok(None);
        }
        let (mut found, _) = self.named_by(pointers, filter, page).await?.into_parts();
        found.sort_by_cached_key(|product| match sort {
            ProductSort::Sku => (product.details.sku.folded(), product.id),
            ProductSort::Catalogue(_) => (product.details.name.folded(), product.id),
        });
        if page.descending {
            found.reverse();
        }
        // A page that is cut continues in the complete list of that order.
        let listed = found.into_iter().map(|item| PageItem { position: self.position(sort, &item), item });
        Ok(Some(Page::new(listed.collect(), None)))
    }

    /// Where a product stands in the list by SKU or by name.
    fn position(&self, sort: ProductSort, product: &Product) -> Position {
        let keys = self.scope.keys();
        let names = ["pk", "sk"];
        match sort {
            ProductSort::Sku => Position::of(&Key::new(keys.skus(), product.details.sku.folded()).attributes(), &names),
            ProductSort::Catalogue(_) => {
                let (partition, sort) = Index::Two.key_names();
                let name = name_sort(&product.details.name.folded(), product.id);
                Position::of(&self.key(product.id).attributes(), &names)
                    .with([(partition, keys.by_name(ProductDetails::KIND)), (sort, name)])
            }
        }
    }

    async fn with_sku(&self, sku: &Sku, filter: &ProductFilter) -> Result<Page<Product>, StoreError> {
        let claim = Key::new(self.scope.keys().skus(), sku.folded());
        let items = self.table.get_for(self.scope, std::slice::from_ref(&claim)).await?;
        let Some(id) = items.get(&claim).and_then(claimed_by) else {
            return Ok(Page::empty());
        };
        match self.get(id).await {
            // Another product may have the code since.
            Ok(product) if filter.passes(&product) && product.details.sku.folded() == sku.folded() => {
                Ok(Page::only(product))
            }
            Ok(_) | Err(StoreError::NotFound) => Ok(Page::empty()),
            Err(error) => Err(error),
        }
    }

    /// The products of a page of claims or pointers, in that order.
    async fn follow(
        &self,
        query: Query,
        filter: &ProductFilter,
        page: &PageRequest,
    ) -> Result<Page<Product>, StoreError> {
        let CatalogueFilter { search, category } = &filter.catalogue;
        let filtered = search.is_some() || category.is_some() || filter.barcode.is_some();
        let examined = PageRequest { limit: if filtered { MAX_POINTERS } else { page.limit }, ..page.clone() };
        let claims = self.table.beside_check(self.scope, self.table.page(query, &examined)).await?;
        self.named_by(claims, filter, page).await
    }

    /// The products that a page of claims or pointers names, filtered and cut to the page.
    async fn named_by(
        &self,
        claims: Page<Item>,
        filter: &ProductFilter,
        page: &PageRequest,
    ) -> Result<Page<Product>, StoreError> {
        let named = claims.filter_map(|claim| Some(self.key(claimed_by(&claim)?)));
        let keys: Vec<Key> = named.items().iter().map(|claim| claim.item.clone()).collect();
        let items = self.table.get(&keys).await?;
        let mut next = named.next().cloned();
        let mut products: Vec<PageItem<Product>> = Vec::new();
        for PageItem { item: key, position } in named.items() {
            let Some(item) = items.get(key).map(data::<Product>).transpose()? else { continue };
            if products.len() == page.limit {
                next = products.last().map(|last| last.position.clone());
                break;
            }
            if filter.passes(&item) {
                products.push(PageItem { item, position: position.clone() });
            }
        }
        Ok(Page::new(products, next))
    }

    /// Changes a product's details, derived from its present ones. A new minimum reaches all its levels before this
    /// returns.
    ///
    /// # Errors
    /// As [`Catalogue::change`]; [`Conflict::QuantitiesRecorded`] and [`Conflict::QuantitiesRequested`] when the unit
    /// changes, or decimals decrease, while recorded or requested quantities exist.
    pub async fn change(
        &self,
        id: ProductId,
        expected: Option<u64>,
        revise: impl Fn(&ProductDetails) -> ProductDetails,
    ) -> Result<Product, StoreError> {
        let levels = Levels::new(self.table, self.scope);
        let mut revised = self.catalogue.revise(id, expected, false, &revise).await;
        if matches!(revised, Ok(Revised::LevelsUnknown)) {
            // Old products do not record that they have levels, so this searches for them. A level created meanwhile
            // records it.
            if levels.exist_of(id).await? {
                return Err(StoreError::Conflict(Conflict::QuantitiesRecorded));
            }
            revised = self.catalogue.revise(id, expected, true, &revise).await;
        }
        match revised {
            Ok(Revised::Done { resource, propagates }) => {
                if propagates {
                    levels.propagate_minimum(id).await?;
                }
                Ok(resource)
            }
            Ok(Revised::LevelsUnknown) => {
                Err(StoreError::internal("levels were reported unknown although they were read"))
            }
            // An earlier attempt of this request may have changed the version and died before it propagated the
            // minimum.
            Err(StoreError::VersionMismatch) => {
                levels.finish_propagation(id).await?;
                Err(StoreError::VersionMismatch)
            }
            Err(error) => Err(error),
        }
    }

    /// Deletes a product without stock.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::VersionMismatch`], [`Conflict::InStock`],
    /// [`Conflict::InOpenRequest`].
    pub async fn delete(&self, id: ProductId, expected: Option<u64>) -> Result<(), StoreError> {
        self.catalogue.delete_empty(id, expected, Held::OfProduct(id)).await
    }
}

impl ProductFilter {
    fn passes(&self, product: &Product) -> bool {
        let details = &product.details;
        let found = |search: &SearchTerm| details.search_text().contains(&search.search_folded());
        let CatalogueFilter { search, category } = &self.catalogue;
        (self.barcode.is_none() || details.barcode == self.barcode)
            && (category.is_none() || details.category == *category)
            && search.as_ref().is_none_or(found)
    }

    /// The part of the filter that no index serves.
    fn has_barcode(&self) -> Expression {
        let has = |barcode| expression("#data.#barcode = :barcode").with("barcode", s(barcode));
        self.barcode.as_ref().map(has).unwrap_or_default()
    }
}
