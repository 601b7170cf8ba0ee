//! Random stories. They repeat with the stack's seed, and a failing one is shrunk.

use std::time::Duration;

use proptest::{
    collection::vec,
    option,
    prelude::{Just, Strategy, prop_oneof},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::Value;
use stockroom_harness::{Shop, Stack};

pub(super) const REFERENCES: [&str; 2] = ["PO-1", "PO-2"];

/// Plays random stories.
pub(super) fn play<S: Strategy>(count: u32, stories: &S, story: impl AsyncFn(S::Value)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let seed = runtime.block_on(Stack::start()).seed();
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed.to_be_bytes(); 4].concat());
    let config = Config { cases: count, failure_persistence: None, max_shrink_iters: 100, ..Config::default() };
    let result = TestRunner::new_with_rng(config, random).run(stories, |result| {
        runtime.block_on(story(result));
        Ok(())
    });
    result.unwrap();
}

/// A movement to record, if the stock allows it.
#[derive(Debug, Clone)]
pub(super) struct Step {
    kind: &'static str,
    product: usize,
    warehouse: usize,
    /// How far the destination of a transfer is along the circle of warehouses.
    distance: usize,
    quantity: i32,
    reference: Option<usize>,
    is_by_manager: bool,
    /// Milliseconds before it; often none, so that movements share a moment.
    pause: u64,
}

/// The products and warehouses of a story, and its recorded movements.
pub(super) struct Story {
    pub(super) shop: Shop,
    pub(super) products: Vec<String>,
    pub(super) warehouses: Vec<String>,
    /// Every movement in order of its recording, as it was answered, both legs of a transfer.
    pub(super) movements: Vec<Value>,
}

pub(super) const PRODUCTS: usize = 2;
pub(super) const WAREHOUSES: usize = 3;

/// Random steps, up to a maximum.
pub(super) fn steps(count: usize) -> impl Strategy<Value = Vec<Step>> {
    let kind = prop_oneof![
        4 => Just("IN"),
        2 => Just("OUT"),
        2 => Just("TRANSFER"),
        1 => Just("ADJUSTMENT"),
        1 => Just("COUNT"),
    ];
    let pause = prop_oneof![3 => Just(0), 1 => 1_u64..4];
    let reference = option::of(0..REFERENCES.len());
    let step = (kind, 0..PRODUCTS, 0..WAREHOUSES, 1..WAREHOUSES, 1..9, reference, proptest::bool::ANY, pause).prop_map(
        |(kind, product, warehouse, distance, quantity, reference, is_by_manager, pause)| Step {
            kind,
            product,
            warehouse,
            distance,
            quantity,
            reference,
            is_by_manager,
            pause,
        },
    );
    vec(step, count / 2..=count)
}

impl Story {
    /// Plays the steps in a shop of their own, whose clock then stands still.
    pub(super) async fn of(steps: &[Step]) -> Self {
        let shop = Shop::open(&Stack::start().await, "acme").await;
        let (mut products, mut warehouses) = (Vec::new(), Vec::new());
        for number in 0..PRODUCTS {
            products.push(shop.product(&format!("SKU-{number}")).await);
        }
        for number in 0..WAREHOUSES {
            warehouses.push(shop.warehouse(&format!("Warehouse {number}")).await);
        }
        shop.stack().clock().stop();
        let mut story = Self { shop, products, warehouses, movements: Vec::new() };
        for step in steps {
            story.go_on(step).await;
        }
        story
    }

    async fn go_on(&mut self, step: &Step) {
        self.shop.stack().clock().advance(Duration::from_millis(step.pause));
        let person = if step.is_by_manager { self.shop.manager() } else { self.shop.staff() };
        let (product, warehouse) = (&self.products[step.product], &self.warehouses[step.warehouse]);
        let quantity = if step.kind == "ADJUSTMENT" && step.quantity % 2 == 0 { -step.quantity } else { step.quantity };
        let mut request = person.record(step.kind, product, warehouse, quantity);
        if step.kind == "TRANSFER" {
            let to = (step.warehouse + step.distance) % self.warehouses.len();
            request = request.with("to_warehouse_id", self.warehouses[to].as_str());
        }
        if let Some(reference) = step.reference {
            request = request.with("reference", REFERENCES[reference]);
        }
        let reply = request.await;
        if reply.status() == 409 {
            assert_eq!(reply.code(), "insufficient_stock");
            return;
        }
        let mut movement = reply.expect(201).json();
        let counterpart = movement.as_object_mut().unwrap().remove("counterpart");
        self.movements.push(movement);
        self.movements.extend(counterpart);
    }
}
