// A page's worker, asked by a test: past the page, which shows sixty rows of what there is.

/** The worker, once it is there. */
export async function workerOf(page) {
  return page.workers()[0] ?? await page.waitForEvent('worker');
}

/** One of `Asks` (protocol.ts) and its answer. */
export async function askWorker(page, ask, args) {
  return (await workerOf(page)).evaluate(({ ask: name, args: what }) => new Promise((resolve, reject) => {
    const n = Math.random();
    const post = self.postMessage;
    self.postMessage = (message, ...more) => {
      if (message.n !== n || message.needs) return post.call(self, message, ...more);
      self.postMessage = post;
      if ('failed' in message) reject(new Error(message.failed));
      else resolve(message.answer);
    };
    self.dispatchEvent(new MessageEvent('message', { data: { ask: name, n, args: what } }));
  }), { ask, args });
}

/** A command (protocol.ts), as if the page had said it. */
export async function tellWorker(page, command) {
  await (await workerOf(page)).evaluate((data) => { self.dispatchEvent(new MessageEvent('message', { data })); }, command);
}

/** All live rows in bus order, marks too. */
export async function rowsOf(page) {
  const { items } = await askWorker(page, 'rows', { source: 'live', filter: '', from: -1, count: 100_000, through: -1 });
  return items;
}
export const idsOf = async (page) => (await rowsOf(page)).filter(({ kind }) => kind !== 'mark').map(({ id }) => id);
export const marksOf = async (page) => (await rowsOf(page)).filter(({ kind }) => kind === 'mark').map(({ name }) => name);

/** The indicator's state and words. */
export async function stateOf(page) {
  return page.locator('[data-state]').first().evaluate((element) => ({
    state: element.dataset.state, status: element.dataset.status, words: element.querySelector('.words')?.textContent ?? '',
    buttons: [...element.querySelectorAll('button')].map((one) => one.textContent.trim()),
  }));
}

/**
 * `before` of openPage: timers of the worker run so many times faster; with `clock` its clock
 * does too. A page's own clock is Playwright's `page.clock`, which does not reach workers.
 */
export const hurried = (times, clock = false) => `
  const make = URL.createObjectURL;
  URL.createObjectURL = (blob) => make.call(URL, new Blob([\`
    const wait = setTimeout, begun = Date.now(), now = Date.now;
    globalThis.setTimeout = (run, ms = 0, ...more) => wait(run, ms / ${times}, ...more);
    if (${clock}) Date.now = () => begun + (now() - begun) * ${times};
    ;\`, blob], { type: 'text/javascript' }));
`;

/** What giveBearer gives when nothing else is said. */
export const kBearer = 'the-bearer-of-this-test';

/** By the token box, which is open. */
export async function giveBearer(page, { keep = false, bearer = kBearer } = {}) {
  const box = page.getByRole('dialog');
  await box.waitFor();
  await box.locator('input[type=password]').fill(bearer);
  if (keep) await box.getByRole('checkbox').check();
  await box.getByRole('button', { name: 'Use it' }).click();
}
