// A headless Chromium that records errors and foreign requests of a page.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

/// Without a sandbox, because tests may run as root, and without features that use the network on their own.
const OPTIONS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

/// A browser with a page. It records errors of its pages, and requests to other origins than these.
export async function open(origin, ...others) {
  assert.ok(origin, 'STACK_URL is not set: set it to the address of the stack');
  const profile = await mkdtemp(join(tmpdir(), 'stockroom-browser-'));
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: OPTIONS });
  context.setDefaultTimeout(60_000);
  const faults = [];
  context.on('console', (message) => message.type() === 'error' && faults.push(`console: ${message.text()}`));
  context.on('weberror', (error) => faults.push(`script: ${error.error()}`));
  context.on('requestfailed', (request) => faults.push(`failed: ${request.url()}`));
  context.on('request', (request) => {
    const isOwn = [origin, ...others, 'data:', 'blob:', 'about:'].some((start) => request.url().startsWith(start));
    if (!isOwn) faults.push(`loaded from elsewhere: ${request.url()}`);
  });
  const page = await context.newPage();
  return {
    context,
    page,
    /// Fails if a page had an error or a request to another origin.
    assertQuiet: () => assert.deepEqual(faults, []),
    /// Drops the recorded errors.
    forget: () => faults.splice(0),
    /// Saves a picture of a path if SCREENSHOT_DIR is set.
    keep: async (name, shown, path) => {
      if (!process.env.SCREENSHOT_DIR) return;
      await shown.goto(new URL(path, origin).href);
      await shown.screenshot({ path: join(process.env.SCREENSHOT_DIR, `${name}.png`), fullPage: true });
    },
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
