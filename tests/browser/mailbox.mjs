// The mailbox of `cargo dev` in a real browser: list, filter, refresh, one mail, its links, and a hostile mail. Needs
// STACK_URL, where `cargo dev --demo northwind` serves. SCREENSHOT_DIR, if set, gets pictures.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { open } from './browser.mjs';

const { port } = new URL(process.env.STACK_URL);
// The origin of the links in mails.
const stack = `http://localhost:${port}`;
const WEEK = 'Your week from 26 April 1998 to 2 May 1998 - Northwind Traders';
const WIDTHS = [390, 1280];

let browser;
before(async () => {
  browser = await open(stack);
  await run('weekly-report', '1998-05-03T00:00:00Z');
});
after(() => browser.close());

async function run(job, time) {
  const answer = await fetch(`${stack}/_local/schedules/${job}`, { method: 'POST', body: JSON.stringify({ time }) });
  assert.equal(answer.status, 200, await answer.text());
}

/** Sends the mail with a link to a new password. */
async function forgot(email) {
  const body = JSON.stringify({ email });
  const headers = { 'content-type': 'application/json', 'x-tenant-id': 'northwind' };
  const answer = await fetch(`${stack}/api/v1/auth/password/forgot`, { method: 'POST', headers, body });
  assert.equal(answer.status, 202, await answer.text());
}

/** The newest mail to an address. */
async function newestTo(email) {
  const { items } = await (await fetch(`${stack}/_local/mail.json`)).json();
  return items.filter((mail) => mail.to.includes(email)).at(-1);
}

function row(page, subject) {
  return page.locator('.mails li', { hasText: subject });
}

async function assertFits(page, width) {
  const scroll = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.equal(scroll, width, `${page.url()} is wider than ${width} pixels`);
}

async function picture(page, name) {
  if (!process.env.SCREENSHOT_DIR) return;
  await page.screenshot({ path: join(process.env.SCREENSHOT_DIR, `${name}.png`), fullPage: true });
}

test('list shows the copies of a mail as one row, newest first', async () => {
  const { page } = browser;
  await forgot('staff@northwind.example');
  await page.goto(`${stack}/_local/mail`);
  const week = row(page, WEEK);
  assert.equal(await week.count(), 1);
  assert.match(await week.locator('.to').innerText(), /admin@northwind\.example/);
  assert.match(await week.locator('.to').innerText(), /manager@northwind\.example/);
  assert.match(await week.locator('.organization').innerText(), /^Northwind Traders \(northwind\)$/);
  assert.match(await week.locator('time').innerText(), /^(just now|\d+ min ago)$/);
  assert.match(await week.locator('time').getAttribute('title'), /\d{4}/);
  assert.match(await page.locator('.mails li').first().innerText(), /staff@northwind\.example/);
  browser.assertQuiet();
});

test('filter reduces the list and is in the address', async () => {
  const { page } = browser;
  await page.goto(`${stack}/_local/mail`);
  await page.getByRole('searchbox').fill('MANAGER@northwind week');
  await page.locator('.count', { hasText: '1 of' }).waitFor();
  assert.equal(await page.locator('.mails li').count(), 1);
  assert.equal(await row(page, WEEK).count(), 1);
  await page.reload();
  assert.equal(await page.getByRole('searchbox').inputValue(), 'MANAGER@northwind week');
  assert.equal(await page.locator('.mails li').count(), 1);

  await page.getByRole('searchbox').fill('no such mail');
  await page.getByText('No mail matches the filter').waitFor();
  browser.assertQuiet();
});

test('new mail appears without a reload, and keeps filter and scroll position', async () => {
  const { page } = browser;
  await page.setViewportSize({ width: 390, height: 300 });
  await page.goto(`${stack}/_local/mail?q=northwind`);
  await page.evaluate(() => {
    window.isSameDocument = true;
  });
  await page.locator('.mails li').last().scrollIntoViewIfNeeded();
  const id = await page.locator('.mails a').last().getAttribute('id');
  const top = () => page.evaluate((id) => document.getElementById(id).getBoundingClientRect().top, id);
  const [count, before] = [await page.locator('.mails li').count(), await top()];
  assert.ok(await page.evaluate(() => window.scrollY > 0));

  await forgot('admin@northwind.example');
  await page.waitForFunction((count) => document.querySelectorAll('.mails li').length === count, count + 1);
  assert.match(await page.locator('.mails li').first().innerText(), /admin@northwind\.example/);
  assert.ok(Math.abs(await top() - before) <= 1, 'the last row has moved');
  assert.equal(await page.getByRole('searchbox').inputValue(), 'northwind');
  assert.equal(await page.evaluate(() => window.isSameDocument), true);
  browser.assertQuiet();
});

test('mail is shown at its full height, as HTML and as text', async () => {
  const { page } = browser;
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    await page.goto(`${stack}/_local/mail`);
    await assertFits(page, width);
    await picture(page, `mailbox-${width}`);
    await row(page, WEEK).click();
    await page.locator('h1', { hasText: WEEK }).waitFor();
    const mail = page.frameLocator('iframe');
    assert.equal(await mail.locator('h1').textContent(), WEEK.replace(' - Northwind Traders', ''));
    assert.equal(await mail.getByText('18 levels are below their minimum').isVisible(), true);
    // The height follows the width, after the page was resized.
    await page.waitForFunction(() => {
      const frame = document.querySelector('iframe');
      const { clientHeight, scrollHeight } = frame.contentDocument.documentElement;
      return scrollHeight > 400 && scrollHeight <= clientHeight;
    });
    await assertFits(page, width);
    await picture(page, `mail-${width}`);

    await page.getByRole('link', { name: 'Text', exact: true }).click();
    await page.locator('pre', { hasText: 'levels are below their minimum' }).waitFor();
    await assertFits(page, width);
    await picture(page, `mail-text-${width}`);
    await page.getByRole('link', { name: 'HTML', exact: true }).click();
    await page.locator('iframe').waitFor();
    await page.getByRole('link', { name: 'Mailbox' }).click();
    await page.getByRole('searchbox').waitFor();
  }
  browser.assertQuiet();
});

test('newer and older links of a mail follow the order of the list', async () => {
  const { page } = browser;
  await page.goto(`${stack}/_local/mail?q=northwind`);
  const subjects = await page.locator('.mails .subject').allInnerTexts();
  await page.locator('.mails a').first().click();
  for (const subject of subjects.slice(1)) {
    await page.getByRole('link', { name: 'Older' }).click();
    await page.waitForURL(/q=northwind/);
    await page.locator('h1', { hasText: subject }).waitFor();
  }
  assert.equal(await page.getByRole('link', { name: 'Older' }).count(), 0);
  await page.getByRole('link', { name: 'Newer' }).click();
  await page.locator('h1', { hasText: subjects.at(-2) }).waitFor();
  browser.assertQuiet();
});

test('dark mode and an empty list', async () => {
  const { page } = browser;
  await page.emulateMedia({ colorScheme: 'dark' });
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    await page.goto(`${stack}/_local/mail`);
    await picture(page, `mailbox-dark-${width}`);
    await row(page, WEEK).click();
    await page.locator('iframe').waitFor();
    await page.waitForFunction(() => document.querySelector('iframe').style.height !== '');
    await picture(page, `mail-dark-${width}`);
    await page.goto(`${stack}/_local/mail?q=nothing+has+these+words`);
    await page.getByText('No mail matches the filter').waitFor();
    await assertFits(page, width);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  browser.assertQuiet();
});

test('link of a mail opens in a new tab, at every address of the stack', async () => {
  const hosts = ['localhost', '127.0.0.1', '[::1]', 'northwind.localhost'];
  const origins = hosts.map((host) => `http://${host}:${port}`);
  const visitor = await open(...origins);
  try {
    await forgot('manager@northwind.example');
    const { id } = await newestTo('manager@northwind.example');
    for (const origin of origins) {
      await visitor.page.goto(`${origin}/_local/mail/${id}`);
      for (const part of ['HTML', 'Text']) {
        await visitor.page.getByRole('link', { name: part, exact: true }).click();
        const link = (part === 'HTML' ? visitor.page.frameLocator('iframe') : visitor.page.locator('pre'))
          .locator('a[href*="/reset?token="]').first();
        visitor.assertQuiet();
        const popup = visitor.page.waitForEvent('popup');
        await link.click();
        const tab = await popup;
        await tab.waitForURL(`${stack}/reset?token=*`);
        assert.equal(await tab.evaluate(() => window.opener), null);
        await tab.close();
        visitor.forget();
        assert.match(visitor.page.url(), /\/_local\/mail\//, 'the page of the mail does not change');
      }
    }
  } finally {
    await visitor.close();
  }
});

test('hostile mail runs no script, sends no request and does not navigate the page', async () => {
  const visitor = await open(stack);
  const { page } = visitor;
  try {
    const { id } = await newestTo('manager@northwind.example');
    const attack = `top.document.title = 'attacked'; fetch('/_local/mail.json')`;
    const hostile = `<!doctype html><html><head><base target="_self"><title>x</title>
      <meta http-equiv="refresh" content="0;url=http://evil.invalid/refresh">
      <script>${attack}</script><script src="http://evil.invalid/s.js"></script>
      <style>@import url(http://evil.invalid/s.css); body { background: url(http://evil.invalid/b.png) }</style></head>
      <body onload="${attack}"><img src="x" onerror="${attack}"><img src="http://evil.invalid/i.png">
      <iframe src="/_local/mail.json"></iframe><iframe srcdoc="<script>parent.${attack}</script>"></iframe>
      <object data="/_local/mail.json"></object><embed src="/_local/mail.json">
      <form id="f" method="post" action="/_local/schedules/cleanup"><button>Form</button></form>
      <p><a href="javascript:${attack}" target="_blank">Script</a></p>
      <p><a href="javascript:${attack}" target="_top">Script at the top</a></p>
      <p><a href="http://evil.invalid/top" target="_top">Top</a></p>
      <p><a href="${stack}/_local/mail.json" ping="/_local/schedules/cleanup" target="named">Ping</a></p>
      </body></html>`;
    const sent = [];
    const keep = (request, outcome) => sent.push(`${request.method()} ${request.url()}${outcome}`);
    visitor.context.on('requestfinished', (request) => keep(request, ''));
    // The browser reports requests that the policy of a page blocks, and does not send them.
    visitor.context.on('requestfailed', (request) => {
      const { errorText } = request.failure();
      if (errorText !== 'csp') keep(request, ` ${errorText}`);
    });
    await page.route('**/_local/mail/*/html', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: hostile });
    });
    const url = `${stack}/_local/mail/${id}`;
    await page.goto(url);
    const mail = page.frameLocator('iframe.part');
    for (const name of ['Form', 'Script', 'Script at the top', 'Top']) {
      await mail.getByText(name, { exact: true }).click();
    }
    const popup = page.waitForEvent('popup');
    await mail.getByText('Ping', { exact: true }).click();
    const tab = await popup;
    await tab.waitForURL(`${stack}/_local/mail.json`);
    assert.equal(await tab.evaluate(() => window.opener), null, 'the tab cannot reach the mailbox');

    assert.equal(page.url(), url);
    assert.notEqual(await page.title(), 'attacked');
    const own = [`GET ${url}`, `GET ${url}/html`, `GET ${stack}/_local/assets/`, `GET ${stack}/_local/mail/latest.json`];
    const others = sent.filter((request) => !own.some((start) => request.startsWith(start)));
    assert.deepEqual(others, [`GET ${stack}/_local/mail.json`], 'only the tab that a click opened');
  } finally {
    await visitor.close();
  }
});
