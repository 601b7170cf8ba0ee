// Refreshes the pages of the mailbox: the list, its filter, relative times, and the height of a mail. The pages also
// work without this script.
'use strict';

const POLL_MILLIS = 2000;
const filter = document.querySelector('input[type="search"]');
const offline = document.querySelector('#offline');
const frame = document.querySelector('iframe');

function relative(date) {
  const seconds = Math.max(0, Math.round((Date.now() - date) / 1000));
  if (seconds < 45) return 'just now';
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.round(minutes / 60);
  if (hours < 24) return `${hours} h ago`;
  const days = Math.round(hours / 24);
  return days === 1 ? '1 day ago' : `${days} days ago`;
}

function showTimes() {
  for (const time of document.querySelectorAll('time')) {
    const date = new Date(time.dateTime);
    time.title = date.toLocaleString('en', { dateStyle: 'full', timeStyle: 'long' });
    time.textContent = relative(date);
  }
}

/** Replaces the parts of the page that change. The first visible row and the focus stay where they are. */
function replaceLiveParts(page) {
  const rows = [...document.querySelectorAll('.mails a')];
  const first = window.scrollY > 0 && rows.find((row) => row.getBoundingClientRect().bottom > 0);
  const focused = document.activeElement?.id;
  const top = first && first.getBoundingClientRect().top;
  for (const part of page.querySelectorAll('[data-live]')) document.getElementById(part.id)?.replaceWith(part);
  showTimes();
  if (focused && document.activeElement?.id !== focused) {
    document.getElementById(focused)?.focus({ preventScroll: true });
  }
  const same = first && document.getElementById(first.id);
  if (same) window.scrollBy({ top: same.getBoundingClientRect().top - top, behavior: 'instant' });
}

let loads = 0;

/** Loads the page again. The answer of an earlier call is dropped if a later call was made. */
async function reload() {
  loads += 1;
  const load = loads;
  const answer = await fetch(location.href, { cache: 'no-store' });
  const text = await answer.text();
  // After a restart the mail no longer exists, and its page stays unchanged.
  if (load === loads && answer.ok) replaceLiveParts(new DOMParser().parseFromString(text, 'text/html'));
}

async function refresh() {
  const answer = await fetch('/_local/mail/latest.json', { cache: 'no-store' });
  const { latest } = await answer.json();
  if ((latest ?? '') !== document.querySelector('[data-latest]').dataset.latest) await reload();
}

/** Runs a refresh, and shows a message while the stack does not answer. */
async function attempt(action) {
  try {
    await action();
    offline.hidden = true;
  } catch {
    offline.hidden = false;
  }
}

async function poll() {
  if (!document.hidden) {
    showTimes();
    await attempt(refresh);
  }
  setTimeout(poll, POLL_MILLIS);
}

function applyFilter() {
  const url = new URL(location.href);
  if (filter.value.trim()) url.searchParams.set('q', filter.value);
  else url.searchParams.delete('q');
  history.replaceState(null, '', url);
  attempt(reload);
}

/** The frame has the origin of the page, so the page can read its height. It cannot run scripts. */
function fitFrame() {
  const content = frame.contentDocument?.documentElement;
  if (!content) return;
  const scroll = window.scrollY;
  // From a small height, because parts of a mail can depend on the height of the frame.
  frame.style.height = '0';
  frame.style.height = `${content.scrollHeight + frame.offsetHeight - frame.clientHeight}px`;
  window.scrollTo({ top: scroll, behavior: 'instant' });
}

if (frame) {
  frame.addEventListener('load', fitFrame);
  if (frame.contentDocument?.readyState === 'complete') fitFrame();
  let width = frame.clientWidth;
  new ResizeObserver(() => {
    if (frame.clientWidth === width) return;
    width = frame.clientWidth;
    fitFrame();
  }).observe(frame);
}
if (filter) {
  filter.addEventListener('input', applyFilter);
  filter.form.addEventListener('submit', (event) => {
    event.preventDefault();
    applyFilter();
  });
}
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) attempt(refresh);
});
showTimes();
setTimeout(poll, POLL_MILLIS);
