// The documentation as people use it: `/docs` in a browser, signed in as the sample company's manager, trying out a movement;
// and `/redoc`. Fails on any error in the console, and on anything that is asked of another host.
//
// BASE is the address of `cargo dev --demo northwind`, NODE_MODULES a directory with playwright-core in it.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { chromium } = createRequire(`${process.env.NODE_MODULES}/`)("playwright-core");
const base = process.env.BASE;
const manager = { tenant: "northwind", email: "manager@northwind.example", password: "northwind-demo-2026" };

async function api(path, options = {}) {
  const reply = await fetch(`${base}/api/v1${path}`, options);
  assert.ok(reply.ok, `${path}: ${reply.status}`);
  return reply.json();
}

/** A product and a warehouse of the sample company. */
async function goods() {
  const body = new URLSearchParams({ username: manager.email, password: manager.password, client_id: manager.tenant });
  const { access_token: token } = await api("/auth/token", { method: "POST", body });
  const first = async (path) => (await api(path, { headers: { authorization: `Bearer ${token}` } })).items[0].id;
  return { product: await first("/products?limit=1"), warehouse: await first("/warehouses?limit=1") };
}

/** Watches a page for what must not happen. */
function watch(page) {
  const faults = [];
  page.on("console", (message) => message.type() === "error" && faults.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => faults.push(`script: ${error.message}`));
  page.on("requestfailed", (request) => faults.push(`failed: ${request.url()}`));
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (!["data:", "blob:"].includes(protocol) && origin !== base) faults.push(`elsewhere: ${request.url()}`);
  });
  return faults;
}

async function tryOut(page, { product, warehouse }) {
  await page.goto(`${base}/docs`);
  await page.locator(".auth-wrapper .authorize").first().click();
  const dialog = page.locator(".modal-ux");
  await dialog.locator("#oauth_username").fill(manager.email);
  await dialog.locator("#oauth_password").fill(manager.password);
  await dialog.locator("#client_id_password").fill(manager.tenant);
  await dialog.locator(".auth-btn-wrapper .authorize").first().click();
  await dialog.locator(".auth-btn-wrapper button", { hasText: "Logout" }).first().waitFor();
  await dialog.locator(".close-modal").click();

  // Tags are closed when the page opens.
  await page.locator("#operations-tag-stock-movements").click();
  const operation = page.locator("#operations-stock-movements-stock_movements_record");
  await operation.locator(".opblock-summary-control").first().click();
  await operation.locator(".try-out__btn").click();
  const movement = { type: "IN", product_id: product, warehouse_id: warehouse, quantity: 4, reference: "BROWSER" };
  await operation.locator("textarea.body-param__text").fill(JSON.stringify(movement));
  await operation.locator("button.execute").click();
  const live = operation.locator(".live-responses-table");
  await live.waitFor();
  const status = await live.locator("tbody .response-col_status").first().innerText();
  assert.match(status, /^201\b/, await live.innerText());
  assert.match(await live.innerText(), /"reference": "BROWSER"/);
}

async function read(page) {
  await page.goto(`${base}/redoc`);
  await page.locator("h1", { hasText: "Stockroom" }).first().waitFor();
  await page.locator("h2", { hasText: "Record a movement" }).first().waitFor();
}

const profile = await mkdtemp(join(tmpdir(), "stockroom-browser-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
context.setDefaultTimeout(60_000);
try {
  const found = await goods();
  for (const [name, story] of [["/docs", (page) => tryOut(page, found)], ["/redoc", read]]) {
    const page = await context.newPage();
    const faults = watch(page);
    try {
      await story(page);
    } finally {
      if (faults.length > 0) console.error(faults.join("\n"));
    }
    assert.deepEqual(faults, [], name);
    console.log(`${name}: as it should be`);
  }
} finally {
  await context.close();
  await rm(profile, { recursive: true, force: true });
}
