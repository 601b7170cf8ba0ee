//! The descriptions of all operations of a function.
#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON value never panics: an absent member reads as null, and assignment creates it"
)]

use axum::handler::Handler;
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value};

use crate::{
    body::Node,
    http::{app::App, route::Route},
    openapi::{
        input::OperationInput,
        operation::{Described, Operation},
        routing::Routing,
    },
};

/// The descriptions of a function's operations.
#[derive(Debug)]
pub struct Contract {
    generator: SchemaGenerator,
    operations: Vec<Described>,
}

impl Routing for Contract {
    fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
            settings.meta_schema = None;
            settings.definitions_path = "/components/schemas".into();
        });
        Self { generator: settings.into_generator(), operations: Vec::new() }
    }

    fn add<T: OperationInput + 'static, H: Handler<T, App>>(
        mut self,
        route: Route,
        _handler: H,
        describe: impl FnOnce(&mut Operation),
    ) -> Self {
        let mut operation = Operation::new(route, std::mem::take(&mut self.generator));
        T::describe(&mut operation);
        describe(&mut operation);
        let (described, generator) = operation.finish();
        self.generator = generator;
        self.operations.push(described);
        self
    }

    fn add_page<T: 'static, H: Handler<T, App>>(self, _route: Route, _handler: H) -> Self {
        self
    }
}

impl Contract {
    pub(crate) fn operations(&self) -> &[Described] {
        &self.operations
    }

    pub(crate) fn schemas(&self) -> &Map<String, Value> {
        self.generator.definitions()
    }

    /// The operations whose own reader refuses their example.
    #[must_use]
    pub fn refused_examples(&self) -> Vec<String> {
        let refused = self.operations.iter().filter_map(|described| {
            let (example, reader) = described.example.as_ref()?;
            let read = Node::parse(example.to_string().as_bytes()).and_then(reader);
            let error = read.err()?;
            Some(format!("{}: {error:?}", described.operation["operationId"]))
        });
        refused.collect()
    }
}
