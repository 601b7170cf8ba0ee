// The flow of .ci/contract with openapi-fetch and the types of openapi-typescript. BASE is the address of the local
// stack.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { env: Record<string, string | undefined> };

type Movement = components["schemas"]["Movement"];

const base = process.env.BASE;
if (!base) throw new Error("BASE is not set: set it to the address of the local stack");

/** The data of a successful call. */
function dataOf<T>({ data, error }: { data?: T; error?: { code: string; detail: string } }, what: string): T {
  if (data === undefined) throw new Error(`${what}: ${error?.code} ${error?.detail}`);
  return data;
}

function assertEqual(actual: unknown, expected: unknown, what: string): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) {
    throw new Error(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
  }
}

const anonymous = createClient<paths>({ baseUrl: base });
const signIn = (password: string) =>
  anonymous.POST("/api/v1/auth/token", {
    params: { header: { "x-tenant-id": "northwind" } },
    body: { email: "manager@northwind.example", password },
  });
const refused = await signIn("wrong password");
assertEqual([refused.error?.code, refused.error?.error], ["invalid_credentials", "invalid_grant"], "a wrong password");
const tokens = dataOf(await signIn("northwind-demo-2026"), "sign-in");

const client = createClient<paths>({ baseUrl: base, headers: { Authorization: `Bearer ${tokens.access_token}` } });
const me = dataOf(await client.GET("/api/v1/users/me"), "the current user");
assertEqual(me.role, "MANAGER", "the role");

const sku = `TYPESCRIPT-${Date.now()}`;
const product = dataOf(
  await client.POST("/api/v1/products", { body: { sku, name: "Made by a client", min_stock_level: 2 } }),
  "a new product",
);
const duplicate = await client.POST("/api/v1/products", { body: { sku, name: "Again" } });
if (duplicate.error?.code !== "duplicate_sku") throw new Error(`the same SKU: ${duplicate.response.status}`);
assertEqual(duplicate.error.status, 409, "the same SKU");

const warehouses = dataOf(await client.GET("/api/v1/warehouses", { params: { query: { limit: 1 } } }), "warehouses");
const warehouse = warehouses.items[0];
if (!warehouse) throw new Error("the sample organization has no warehouse");

const receive = async (): Promise<Movement> =>
  dataOf(
    await client.POST("/api/v1/stock-movements", {
      params: { header: { "Idempotency-Key": sku } },
      body: { type: "IN", product_id: product.id, warehouse_id: warehouse.id, quantity: 5, occurred_at: null },
    }),
    "a movement",
  );
const movement = await receive();
assertEqual(movement.balance_after, 5, "the level");
assertEqual((await receive()).id, movement.id, "the movement of the same key");
const short = await client.POST("/api/v1/stock-movements", {
  body: { type: "OUT", product_id: product.id, warehouse_id: warehouse.id, quantity: 50 },
});
if (short.error?.code !== "insufficient_stock") throw new Error(`too much: ${short.response.status}`);
assertEqual([short.error.available, short.error.requested], [5, 50], "available and requested");

const invalid = await client.POST("/api/v1/products", { body: { sku: "", name: "", decimal_places: 9 } });
if (invalid.error?.code !== "validation_failed") throw new Error(`an invalid product: ${invalid.response.status}`);
const pointers = invalid.error.errors.map((error) => error.pointer);
assertEqual(pointers, ["/sku", "/name", "/decimal_places"], "pointers");

const rename = (version: string) =>
  client.PATCH("/api/v1/products/{id}", {
    params: { path: { id: product.id }, header: { "If-Match": version } },
    body: { name: "Renamed", category: null },
  });
const stale = await rename('"99"');
assertEqual([stale.response.status, stale.error?.code], [412, "version_mismatch"], "a stale version");
assertEqual(dataOf(await rename(`"${product.version}"`), "a change").name, "Renamed", "the name");

const events = dataOf(
  await client.GET("/api/v1/events", { params: { query: { type: "stock.moved", limit: 1 } } }),
  "events",
);
const event = events.items[0];
if (event?.type !== "stock.moved") throw new Error(`the type of the event: ${event?.type}`);
assertEqual(event.data.movement.product_id, product.id, "the product of the event");

const ids = new Set<string>();
let cursor: string | null = null;
let pages = 0;
do {
  const query: { limit: number; cursor?: string } = cursor === null ? { limit: 5 } : { limit: 5, cursor };
  const page: components["schemas"]["ProductPage"] = dataOf(
    await client.GET("/api/v1/products", { params: { query } }),
    "a page",
  );
  pages += 1;
  for (const { id } of page.items) {
    if (ids.has(id)) throw new Error(`two pages have the product ${id}`);
    ids.add(id);
  }
  cursor = page.next_cursor;
} while (cursor !== null);
if (pages < 2 || !ids.has(product.id)) throw new Error(`${pages} pages without the product`);
console.log(`openapi-typescript: the flow passes; ${pages} pages`);
