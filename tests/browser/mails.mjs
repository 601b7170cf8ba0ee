// Every kind of mail, in the widths of a small phone, a phone and a desktop. The unit tests of `shared/notify` write
// the mails, with ordinary and with extreme texts, into MAIL_FIXTURES. SCREENSHOT_DIR, if set, gets pictures.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { open } from './browser.mjs';

const fixtures = process.env.MAIL_FIXTURES;
assert.ok(fixtures, 'MAIL_FIXTURES is the directory of the mails');
const files = (await readdir(fixtures)).filter((file) => file.endsWith('.html'));
const names = files.map((file) => file.slice(0, -5)).sort();
const WIDTHS = { 320: 640, 390: 844, 1280: 900 };

let browser;
before(async () => {
  browser = await open('about:');
});
after(() => browser.close());

/** Opens a mail. A mail loads no other resources. */
async function show(name, width, colorScheme = 'light') {
  const { page } = browser;
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize({ width, height: WIDTHS[width] });
  await page.setContent(await readFile(join(fixtures, `${name}.html`), 'utf8'));
  return page;
}

/** In the page: elements and texts that end outside of the window, and texts that end outside of their cell. */
function outside() {
  const found = [];
  const describe = (element) => `${element.tagName} ${element.textContent.trim().slice(0, 40)}`;
  for (const element of document.body.querySelectorAll('*')) {
    const { left, right } = element.getBoundingClientRect();
    if (right > innerWidth + 0.5 || left < -0.5) found.push(describe(element));
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    if (!texts.currentNode.textContent.trim()) continue;
    const range = document.createRange();
    range.selectNodeContents(texts.currentNode);
    const parent = texts.currentNode.parentElement;
    const cell = parent.closest('td, th, blockquote').getBoundingClientRect();
    const isOutside = ({ left, right, width }) => width > 0 && (right > cell.right + 0.5 || left < cell.left - 0.5);
    if ([...range.getClientRects()].some(isOutside)) found.push(`text of ${describe(parent)}`);
  }
  return { found, scrollWidth: document.documentElement.scrollWidth, innerWidth };
}

/** In the page: texts with too little contrast to their background (WCAG 2.2, 1.4.3). */
function faint() {
  const parse = (color) => color.match(/[\d.]+/g).map(Number);
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      const [, , , alpha = 1] = parse(color);
      if (alpha > 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const luminance = (color) => {
    const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = parse(color).map((part) => linear(part / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode.textContent.trim();
    // The squares of a legend have the colours of their bars.
    if (!text || text === '\u25a0') continue;
    const element = texts.currentNode.parentElement;
    if (getComputedStyle(element).fontSize === '0px') continue;
    const pair = [getComputedStyle(element).color, background(element)].map(luminance);
    const [dark, light] = pair.sort((a, b) => a - b);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < 4.5) found.push(`${contrast.toFixed(2)}: ${text.slice(0, 40)}`);
  }
  return found;
}

test('every mail fits the width of its window, without cut texts', async () => {
  assert.ok(names.length > 20, `${names}`);
  for (const name of names) {
    for (const width of Object.keys(WIDTHS).map(Number)) {
      const page = await show(name, width);
      const { found, scrollWidth, innerWidth } = await page.evaluate(outside);
      assert.equal(innerWidth, width, name);
      assert.equal(scrollWidth, innerWidth, `${name} at ${width}`);
      assert.deepEqual(found, [], `${name} at ${width}`);
    }
  }
  browser.assertQuiet();
});

test('every mail is readable in light and dark', async () => {
  for (const name of names) {
    for (const scheme of ['light', 'dark']) {
      const page = await show(name, 390, scheme);
      assert.deepEqual(await page.evaluate(faint), [], `${name}, ${scheme}`);
    }
  }
});

test('main number of a mail is visible on a phone without scrolling', async () => {
  const numbers = {
    'low-stock-ordinary': 'b.missing',
    'weekly-report-ordinary': 'td:has(> b) >> nth=0',
    'purchase-request-submitted-ordinary': 'bdi:text("EUR")',
  };
  for (const [name, number] of Object.entries(numbers)) {
    const page = await show(name, 390);
    const box = await page.locator(number).first().boundingBox();
    assert.ok(box.y + box.height < 600, `${name}: ${JSON.stringify(box)}`);
  }
});

test('bars of the weekly report have lengths in proportion to their numbers', async () => {
  for (const width of [320, 1280]) {
    const page = await show('weekly-report-ordinary', width);
    const issued = page.locator('tr:has(> td:text-is("Issued"))');
    const bars = await issued.locator('td[bgcolor]').all();
    const lengths = await Promise.all(bars.map(async (bar) => (await bar.boundingBox()).width));
    const texts = (await issued.locator('> td').last().innerText()).split('\n');
    const numbers = texts.map((text) => Number(text.replace(',', '')));
    assert.deepEqual(numbers, [1204.5, 120]);
    assert.equal(lengths.length, 2);
    assert.ok(lengths[0] > 50 && Math.abs(lengths[1] / lengths[0] - numbers[1] / numbers[0]) < 0.03, `${lengths}`);
  }
});

test('button of a mail is large enough for touch', async () => {
  for (const name of names.filter((name) => !/notice|low-stock|weekly/.test(name))) {
    const page = await show(name, 320);
    const button = await page.locator('p > a').first().boundingBox();
    assert.ok(button.height >= 44 && button.width >= 88, `${name}: ${JSON.stringify(button)}`);
  }
});

test('text of a user is a quotation without HTML elements of the user', async () => {
  for (const name of ['purchase-request-submitted-extreme', 'purchase-request-rejected-extreme']) {
    const page = await show(name, 390);
    const quotations = await page.locator('blockquote').all();
    assert.equal(quotations.length, name.includes('rejected') ? 2 : 1);
    for (const quotation of quotations) {
      assert.equal(await quotation.locator('h1, a, script, img').count(), 0);
      assert.equal(await quotation.evaluate((element) => getComputedStyle(element).borderLeftWidth), '4px');
    }
    assert.equal(await page.locator('h1').count(), 1);
  }
});

test('every mail is saved as a picture if SCREENSHOT_DIR is set', async (context) => {
  const directory = process.env.SCREENSHOT_DIR;
  if (!directory) return context.skip('SCREENSHOT_DIR is not set');
  for (const name of names) {
    for (const width of [390, 1280]) {
      const page = await show(name, width);
      await page.screenshot({ path: join(directory, `mail-${name}-${width}.png`), fullPage: true });
    }
    const page = await show(name, 390, 'dark');
    await page.screenshot({ path: join(directory, `mail-${name}-390-dark.png`), fullPage: true });
  }
});
