// The documentation in a real browser: `/docs`, where the sample company's manager signs in and records a movement, and
// `/redoc`. Needs STACK_URL, where `cargo dev --demo northwind` serves.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { open } from './browser.mjs';

const stack = process.env.STACK_URL;
const manager = { tenant: 'northwind', email: 'manager@northwind.example', password: 'northwind-demo-2026' };

let browser;
before(async () => {
  browser = await open(stack);
});
after(() => browser.close());

async function api(path, options = {}) {
  const reply = await fetch(`${stack}/api/v1${path}`, options);
  assert.ok(reply.ok, `${path}: ${reply.status}`);
  return reply.json();
}

/** A product and a warehouse of the sample company. */
async function goods() {
  const body = new URLSearchParams({ username: manager.email, password: manager.password, client_id: manager.tenant });
  const { access_token: token } = await api('/auth/token', { method: 'POST', body });
  const first = async (path) => (await api(path, { headers: { authorization: `Bearer ${token}` } })).items[0].id;
  return { product: await first('/products?limit=1'), warehouse: await first('/warehouses?limit=1') };
}

test('a manager signs in and tries out a movement', async () => {
  const { product, warehouse } = await goods();
  const page = browser.page;
  await page.goto(`${stack}/docs`);
  await page.locator('.auth-wrapper .authorize').first().click();
  const dialog = page.locator('.modal-ux');
  const label = dialog.locator('label[for=client_id_password]');
  assert.equal(await label.innerText(), 'Tenant (subdomain of your organization, for example northwind):');
  for (const hidden of ['password_type', 'client_secret_password']) {
    assert.equal(await dialog.locator(`[for=${hidden}], #${hidden}`).count(), 0, hidden);
  }
  assert.equal(await dialog.locator('h4', { hasText: 'refreshCookie' }).count(), 0);
  assert.ok(await dialog.locator('#oauth_username').evaluate((field) => field.getBoundingClientRect().top > 0));
  await dialog.locator('#oauth_username').fill(manager.email);
  await dialog.locator('#oauth_password').fill(manager.password);
  await dialog.locator('#client_id_password').fill(manager.tenant);
  await dialog.locator('.auth-btn-wrapper .authorize').first().click();
  await dialog.locator('.auth-btn-wrapper button', { hasText: 'Logout' }).first().waitFor();
  await dialog.locator('.close-modal').click();

  // Tags are closed when the page opens.
  await page.locator('#operations-tag-stock-movements').click();
  const operation = page.locator('#operations-stock-movements-createMovement');
  await operation.locator('.opblock-summary-control').first().click();
  await operation.locator('.try-out__btn').click();
  const movement = { type: 'IN', product_id: product, warehouse_id: warehouse, quantity: 4, reference: 'BROWSER' };
  await operation.locator('textarea.body-param__text').fill(JSON.stringify(movement));
  await operation.locator('button.execute').click();
  const live = operation.locator('.live-responses-table');
  await live.waitFor();
  const status = await live.locator('tbody .response-col_status').first().innerText();
  assert.match(status, /^201\b/, await live.innerText());
  assert.match(await live.innerText(), /"reference": "BROWSER"/);
  browser.assertQuiet();
});

test('the tenant in the address is filled in', async () => {
  const page = browser.page;
  for (const [search, filled] of [['?tenant=northwind', 'northwind'], ['', '']]) {
    await page.goto(`${stack}/docs${search}`);
    await page.locator('.auth-wrapper .authorize').first().click();
    assert.equal(await page.locator('.modal-ux #client_id_password').inputValue(), filled, search);
  }
  browser.assertQuiet();
});

test('a filter is not sent before the reader fills it in', async () => {
  const page = browser.page;
  await page.goto(`${stack}/docs`);
  await page.locator('#operations-tag-products').click();
  const operation = page.locator('#operations-products-listProducts');
  await operation.locator('.opblock-summary-control').first().click();
  await operation.locator('.try-out__btn').click();
  for (const name of ['search', 'category', 'sku', 'barcode', 'cursor']) {
    assert.equal(await operation.locator(`tr[data-param-name=${name}] input`).inputValue(), '', name);
  }
  browser.assertQuiet();
});

test('redoc shows the whole document', async () => {
  const page = browser.page;
  await page.goto(`${stack}/redoc`);
  await page.locator('h1', { hasText: 'Stockroom' }).first().waitFor();
  await page.locator('h2', { hasText: 'Record a stock movement' }).first().waitFor();
  browser.assertQuiet();
});
