// The console's pages in a real browser: the start page, and the steps from an invitation's mail to a signed-in user.
// Needs STACK_URL, where `cargo dev --demo northwind` serves. SCREENSHOT_DIR, if set, gets pictures.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { open } from './browser.mjs';

const { port } = new URL(process.env.STACK_URL);
// The origin of the links in mails.
const stack = `http://localhost:${port}`;
const admin = { username: 'admin@northwind.example', password: 'northwind-demo-2026', client_id: 'northwind' };
const WIDTHS = [320, 390, 1280];
const PAGES = {
  start: '/',
  reset: '/reset?token=abc',
  'reset-error': '/reset?token=abc&error=does_not_match',
  'reset-void': '/reset?token=abc&error=invalid_token',
  confirm: '/confirm?token=abc',
  'confirm-void': '/confirm?token=abc&error=invalid_token',
  forgot: '/forgot?notice=link_requested',
  'sign-in': '/sign-in?notice=password_set&tenant=northwind',
  'purchase-request': '/purchase-requests/01930000-0000-7000-8000-000000000000',
};

let browser;
before(async () => {
  browser = await open(stack);
});
after(() => browser.close());

/** Invites a user as Northwind's admin. */
async function invite(email) {
  const signedIn = await fetch(`${stack}/api/v1/auth/token`, { method: 'POST', body: new URLSearchParams(admin) });
  const { access_token: token } = await signedIn.json();
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ email, full_name: 'Sam', role: 'STAFF' });
  const answer = await fetch(`${stack}/api/v1/users`, { method: 'POST', headers, body });
  assert.equal(answer.status, 201, await answer.text());
}

/** Opens the link of the newest mail to an address, as a reader of the mailbox does. */
async function openLink(email, name) {
  const { page } = browser;
  await page.goto(`${stack}/_local/mail`);
  await page.locator('.mails a', { hasText: email }).first().waitFor();
  await page.locator('.mails a', { hasText: email }).first().click();
  const link = page.frameLocator('iframe').getByRole('link', { name });
  const [opened] = await Promise.all([browser.context.waitForEvent('page'), link.click()]);
  await opened.waitForLoadState();
  return opened;
}

async function setPassword(page, password, repeat = password) {
  await page.getByLabel('New password').fill(password);
  await page.getByLabel('The same password again').fill(repeat);
  await page.getByRole('button', { name: 'Set password' }).click();
  await page.waitForLoadState();
}

test('an invited user sets a password by the link of the mail, and signs in', async () => {
  await invite('sam@northwind.example');
  const page = await openLink('sam@northwind.example', 'Choose a password');
  assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), 'Choose a password');

  await setPassword(page, 'ten staplers, and no cake', 'ten staplers, and cake');
  assert.match(await page.getByRole('alert').innerText(), /The two passwords differ/);
  await setPassword(page, 'ten staplers, and no cake');
  assert.match(await page.getByRole('status').innerText(), /Your password is set/);
  assert.match(await page.locator('main').innerText(), /tenant northwind/);

  await page.getByRole('link', { name: 'Open the API page' }).click();
  await page.locator('.auth-wrapper .authorize').first().click();
  const dialog = page.locator('.modal-ux');
  await dialog.locator('#oauth_username').fill('sam@northwind.example');
  await dialog.locator('#oauth_password').fill('ten staplers, and no cake');
  assert.equal(await dialog.locator('#client_id_password').inputValue(), 'northwind');
  await dialog.locator('.auth-btn-wrapper .authorize').first().click();
  await dialog.locator('.auth-btn-wrapper button', { hasText: 'Logout' }).first().waitFor();
  browser.assertQuiet();
  await page.close();

  // The link works once, and its page says what to do.
  const again = await openLink('sam@northwind.example', 'Choose a password');
  await setPassword(again, 'eleven staplers, one cake');
  assert.match(await again.getByRole('alert').innerText(), /no longer works/);
  await again.getByRole('link', { name: 'request a new link' }).click();
  assert.equal(await again.getByRole('heading', { level: 1 }).innerText(), 'Forgotten password');
  browser.assertQuiet();
  await again.close();
});

test('a user with a forgotten password gets a link and sets a new one', async () => {
  const { page } = browser;
  await page.goto(`${stack}/forgot`);
  await page.getByLabel('Organization').fill('northwind');
  await page.getByLabel('E-mail address').fill('sam@northwind.example');
  await page.getByRole('button', { name: 'Send the link' }).click();
  assert.match(await page.getByRole('status').innerText(), /a mail with a link is on its way/);
  await page.goto(`${stack}/_local/mail`);
  await page.locator('.mails a', { hasText: 'Set a new password' }).first().waitFor();
  const opened = await openLink('sam@northwind.example', 'Set a new password');
  await setPassword(opened, 'eleven staplers, one cake');
  assert.match(await opened.getByRole('status').innerText(), /Your password is set/);
  browser.assertQuiet();
  await opened.close();
});

test('a founder confirms the address of the sign-up by the link of the mail', async () => {
  const body = JSON.stringify({
    name: 'Initech', subdomain: 'initech',
    admin: { email: 'admin@initech.example', full_name: 'The Admin', password: 'nine staplers, no cake' },
  });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${stack}/api/v1/organizations`, { method: 'POST', headers, body });
  assert.equal(answer.status, 201, await answer.text());
  const page = await openLink('admin@initech.example', 'Confirm this address');
  await page.getByRole('button', { name: 'Confirm this address' }).click();
  assert.match(await page.getByRole('status').innerText(), /Your e-mail address is confirmed/);
  browser.assertQuiet();
  await page.close();
});

test('the start page shows the mailbox and the sample accounts, and its links work', async () => {
  const { page } = browser;
  await page.goto(`${stack}/`);
  for (const account of ['admin@northwind.example', 'staff@acme.example']) {
    assert.ok(await page.getByText(account).isVisible(), account);
  }
  const links = await page.locator('a').evaluateAll((all) => all.map((link) => link.href));
  assert.ok(links.includes(`${stack}/_local/mail`), `${links}`);
  for (const link of links) {
    assert.equal((await fetch(link)).status, 200, link);
  }
  browser.assertQuiet();
});

test('every page fits a phone and a desk, and has no script', async () => {
  const { page } = browser;
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    for (const [name, path] of Object.entries(PAGES)) {
      await page.goto(`${stack}${path}`);
      assert.equal(await page.locator('script').count(), 0, path);
      const scroll = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.equal(scroll, width, `${path} is wider than ${width} pixels`);
      if (process.env.SCREENSHOT_DIR) {
        const file = join(process.env.SCREENSHOT_DIR, `page-${name}-${width}.png`);
        await page.screenshot({ path: file, fullPage: true });
      }
    }
  }
  browser.assertQuiet();
});
