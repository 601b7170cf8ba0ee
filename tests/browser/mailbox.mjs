// The mailbox of `cargo dev`, as a developer sees it: the weekly report of the sample company, drawn by a real browser.
// Needs STACK_URL, where `cargo dev --demo northwind` serves. SCREENSHOT_DIR, if set, gets pictures to look at.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { open } from './browser.mjs';

const stack = process.env.STACK_URL;
const WEEK = 'Your week from 26 April 1998 to 2 May 1998';

let browser;
before(async () => {
  browser = await open(stack);
});
after(() => browser.close());

async function run(job, time) {
  const answer = await fetch(`${stack}/_local/schedules/${job}`, { method: 'POST', body: JSON.stringify({ time }) });
  assert.equal(answer.status, 200, await answer.text());
}

test('a manager reads the report of the week', async () => {
  await run('weekly-report', '1998-05-03T00:00:00Z');
  const page = browser.page;
  await page.goto(`${stack}/_local/mail`);
  const mails = page.locator('article', { hasText: `${WEEK} - Northwind Traders` });
  assert.equal(await mails.count(), 2, 'one for the admin, one for the manager');
  const mail = mails.filter({ hasText: 'manager@northwind.example' });
  assert.equal(await mail.count(), 1);

  const report = mail.frameLocator('iframe');
  assert.equal(await report.locator('h1').textContent(), WEEK);
  const lows = report.locator('tr:not(:has(table))', { hasText: /NW-\d{4}/ });
  assert.equal(await lows.count(), 18);
  assert.ok(await report.getByText('18 levels are below their minimum').isVisible());

  // The bars are drawn, that of the week before beside its own, each as long as it says.
  const issued = report.locator('tr:has(> td:text-is("Issued"))');
  const bars = await issued.locator('td[bgcolor]').all();
  assert.equal(bars.length, 2);
  const widths = await Promise.all(bars.map(async (bar) => (await bar.boundingBox()).width));
  const [now, then] = (await issued.locator('td').last().innerText()).split('\n').map((text) => Number(text.replace(',', '')));
  assert.ok(widths.every((width) => width > 50), `${widths}`);
  assert.ok(Math.abs(widths[0] / widths[1] - now / then) < 0.05, `${widths} for ${now} and ${then}`);

  // A mail program is narrower than a page: nothing of the report is cut off.
  const body = report.locator('body');
  const isCut = await body.evaluate((element) => element.scrollWidth > element.clientWidth);
  assert.equal(isCut, false);
  browser.assertQuiet();
  await browser.keep('weekly-report', page, await mail.locator('iframe').getAttribute('src'));
});

test('a mail is shown as it was sent, by itself and without its scripts', async () => {
  const missing = await fetch(`${stack}/_local/mail/none`);
  assert.equal(missing.status, 404);
  const { items } = await (await fetch(`${stack}/_local/mail.json`)).json();
  const shown = await fetch(`${stack}/_local/mail/${items[0].id}`);
  assert.equal(shown.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.match(shown.headers.get('content-security-policy'), /default-src 'none'.*sandbox/);
  assert.equal(await shown.text(), items[0].html);
});
