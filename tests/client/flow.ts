// One flow with a client made from the document: what does not fit the document does not compile, what the product answers
// otherwise ends the run. BASE is the address of `cargo dev --demo northwind`.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { env: Record<string, string | undefined> };

type Movement = components["schemas"]["Movement"];

const base = process.env.BASE;
if (!base) throw new Error("BASE is the product's address");
const tenant = "northwind";

function given<T>({ data, error }: { data?: T; error?: { code: string; detail: string } }, what: string): T {
  if (data === undefined) throw new Error(`${what}: ${error?.code} ${error?.detail}`);
  return data;
}

function agree(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)} instead of ${String(expected)}`);
}

const anyone = createClient<paths>({ baseUrl: base });
const tokens = given(
  await anyone.POST("/api/v1/auth/token", {
    params: { header: { "x-tenant-id": tenant } },
    body: { email: "manager@northwind.example", password: "northwind-demo-2026" },
  }),
  "signing in",
);

const client = createClient<paths>({ baseUrl: base, headers: { Authorization: `Bearer ${tokens.access_token}` } });
const me = given(await client.GET("/api/v1/users/me"), "oneself");
agree(me.role, "MANAGER", "the role");

const sku = `CLIENT-${Date.now()}`;
const product = given(
  await client.POST("/api/v1/products", { body: { sku, name: "Made by a client", min_stock_level: 2 } }),
  "adding a product",
);
const again = await client.POST("/api/v1/products", { body: { sku, name: "Again" } });
agree(again.response.status, 409, "the second of the same SKU");
agree(again.error?.code, "duplicate_sku", "why not");

const warehouses = given(await client.GET("/api/v1/warehouses", { params: { query: { limit: 1 } } }), "warehouses");
const warehouse = warehouses.items[0];
if (!warehouse) throw new Error("the sample company has a warehouse");

const record = async (): Promise<Movement> =>
  given(
    await client.POST("/api/v1/stock-movements", {
      params: { header: { "Idempotency-Key": sku } },
      body: { type: "IN", product_id: product.id, warehouse_id: warehouse.id, quantity: 5, occurred_at: null },
    }),
    "recording a movement",
  );
const movement = await record();
agree(movement.balance_after, 5, "the level");
agree((await record()).id, movement.id, "the same under the same key");

const levels = given(
  await client.GET("/api/v1/stock-levels", { params: { query: { product_id: product.id } } }),
  "levels",
);
agree(levels.items[0]?.on_hand, 5, "on hand");

const stale = await client.PATCH("/api/v1/products/{id}", {
  params: { path: { id: product.id }, header: { "If-Match": '"99"' } },
  body: { name: "Renamed" },
});
agree(stale.response.status, 412, "a stale change");
const renamed = given(
  await client.PATCH("/api/v1/products/{id}", {
    params: { path: { id: product.id }, header: { "If-Match": `"${product.version}"` } },
    body: { name: "Renamed", category: null },
  }),
  "renaming",
);
agree(renamed.name, "Renamed", "the name");
console.log("a client made from the document signs in, adds, records, repeats, reads and changes");
