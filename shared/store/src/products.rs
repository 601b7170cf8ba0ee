//! Products: a catalogue whose SKUs are unique and whose minimum every level carries.

use std::ops::Deref;

use stockroom_domain::{
    catalogue::{Product, ProductDetails},
    id::ProductId,
    text::{SearchTerm, Sku, fold},
};

use crate::{
    catalogue::{Catalogue, CatalogueFilter, CatalogueSort, MOST_EXAMINED, claimed_by},
    error::StoreError,
    item::{Item, into_data},
    keys::Key,
    levels::{Held, LevelView, Levels},
    page::{Page, PageRequest, Position},
    scope::TenantScope,
    table::{Query, Table},
};

/// Which products a list shows.
#[derive(Debug, Clone, Default)]
pub struct ProductFilter {
    /// By name, SKU part or category.
    pub catalogue: CatalogueFilter,
    /// The SKU, exactly but for case.
    pub sku: Option<Sku>,
}

/// The order of a list of products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProductSort {
    /// As any catalogue.
    Catalogue(CatalogueSort),
    /// By SKU, case folded.
    Sku,
}

/// See [`crate::Store::products`]. What any catalogue does, it does too.
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
            return self.with_sku(sku, &filter.catalogue).await;
        }
        match sort {
            ProductSort::Catalogue(sort) => self.catalogue.list(&filter.catalogue, sort, page).await,
            ProductSort::Sku => self.by_sku(&filter.catalogue, page).await,
        }
    }

    /// One product, and how much of it is where.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get_with_levels(&self, id: ProductId) -> Result<(Product, Vec<LevelView>), StoreError> {
        let levels = Levels::new(self.table, self.scope);
        self.table.both(self.get(id), levels.of_product(id)).await
    }

    async fn with_sku(&self, sku: &Sku, filter: &CatalogueFilter) -> Result<Page<Product>, StoreError> {
        let claim = Key::new(self.scope.keys().skus(), sku.folded());
        let items = self.table.get_for(self.scope, std::slice::from_ref(&claim)).await?;
        let Some(id) = items.get(&claim).and_then(claimed_by) else {
            return Ok(Page::empty());
        };
        match self.get(id).await {
            // Another may have been given the code since.
            Ok(product) if passes(filter, &product) && product.details.sku.folded() == sku.folded() => {
                Ok(Page { items: vec![product], next: None })
            }
            Ok(_) | Err(StoreError::NotFound) => Ok(Page::empty()),
            Err(error) => Err(error),
        }
    }

    /// The claims are in order of SKU; the products they name are read behind them.
    async fn by_sku(&self, filter: &CatalogueFilter, page: &PageRequest) -> Result<Page<Product>, StoreError> {
        let query = Query::new(self.scope.keys().skus(), 0);
        let filtered = filter.search.is_some() || filter.category.is_some();
        let examined = PageRequest { limit: if filtered { MOST_EXAMINED / 10 } else { page.limit }, ..page.clone() };
        let mut last = None;
        let (claims, mut next) = self.table.beside_check(self.scope, self.table.page(query, &examined)).await?;
        let named: Vec<(&Item, Key)> =
            claims.iter().filter_map(|claim| Some((claim, self.key(claimed_by(claim)?)))).collect();
        let keys: Vec<Key> = named.iter().map(|(_, key)| key.clone()).collect();
        let mut items = self.table.get(&keys).await?;
        let mut products = Vec::new();
        for (claim, key) in &named {
            let Some(product) = items.remove(key).map(into_data::<Product>).transpose()? else { continue };
            if products.len() == page.limit {
                next = last;
                break;
            }
            if passes(filter, &product) {
                products.push(product);
                last = Some(Position::of(claim, &["pk", "sk"]));
            }
        }
        Ok(Page { items: products, next })
    }

    /// Gives a product new details, made from its present ones. A new minimum goes to all its levels before this returns.
    ///
    /// # Errors
    /// As [`Catalogue::change`].
    pub async fn change(
        &self,
        id: ProductId,
        expected: Option<u64>,
        revise: impl Fn(&ProductDetails) -> ProductDetails,
    ) -> Result<Product, StoreError> {
        let levels = Levels::new(self.table, self.scope);
        match self.catalogue.revise(id, expected, revise).await {
            Ok((product, spreads)) => {
                if spreads {
                    levels.spread_minimum(id).await?;
                }
                Ok(product)
            }
            // The version may have moved on by this very request, whose process died before the levels had followed.
            Err(StoreError::VersionMismatch) => {
                levels.finish_spreading(id).await?;
                Err(StoreError::VersionMismatch)
            }
            Err(error) => Err(error),
        }
    }

    /// Deletes a product of which there is no stock.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::VersionMismatch`], [`crate::Conflict::InStock`],
    /// [`crate::Conflict::InOpenRequest`].
    pub async fn delete(&self, id: ProductId, expected: Option<u64>) -> Result<(), StoreError> {
        self.catalogue.delete_empty(id, expected, Held::OfProduct(id)).await
    }
}

fn passes(filter: &CatalogueFilter, product: &Product) -> bool {
    let details = &product.details;
    let found = |search: &SearchTerm| {
        let search = search.folded();
        fold(details.name.as_str()).contains(&search) || details.sku.folded().contains(&search)
    };
    let in_category = filter.category.is_none() || details.category == filter.category;
    in_category && filter.search.as_ref().is_none_or(found)
}
