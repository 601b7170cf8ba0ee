// A headless Chromium that notices what a page does besides being shown.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

/// Without a sandbox, since tests may run as root, and with nothing that asks for the network by itself.
const OPTIONS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

/// A browser with a page. It records errors of its pages, and requests to other origins than these.
export async function open(origin, ...others) {
  assert.ok(origin, 'STACK_URL says where the stack serves');
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
    /// Fails if a page has complained or loaded anything from elsewhere.
    assertQuiet: () => assert.deepEqual(faults, []),
    /// Drops the recorded errors.
    forget: () => faults.splice(0),
    /// Keeps a picture of a path, for whoever asked for one.
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
