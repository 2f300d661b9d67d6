// A page in headless Chromium, told what to do over its debugging pipe: what a browser does
// with our streams is not what an npm module does.
//
// Chromium is Debian's package chromium-headless-shell (tools/setup.sh).

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { later, plainEnv, scratch, until } from './support.mjs';

const program = '/usr/lib/chromium/chromium-headless-shell'; // the one in /usr/bin is a script that stays between us

class Browser {
  constructor(dir) {
    // Messages end with a NUL: ours on descriptor 3, its own on 4.
    this.process = spawn(program, ['--remote-debugging-pipe', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
      `--user-data-dir=${dir}`, '--no-proxy-server', 'about:blank'],
    { detached: true, env: plainEnv({ HOME: dir }), stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] });
    this.exited = once(this.process, 'exit');
    this.err = '';
    this.process.stderr.on('data', (text) => { this.err += text; });
    const [, , , ours, theirs] = this.process.stdio;
    this.pipe = ours;
    ours.on('error', () => {});
    this.owed = new Map();
    this.count = 0;
    let rest = '';
    theirs.setEncoding('utf8').on('data', (text) => {
      const parts = (rest + text).split('\0');
      rest = parts.pop();
      for (const part of parts) this.take(JSON.parse(part));
    });
  }

  take({ id, result, error }) {
    const answer = this.owed.get(id);
    if (!answer) return; // an event
    this.owed.delete(id);
    if (error) answer.reject(new Error(error.message));
    else answer.resolve(result);
  }

  ask(method, params = {}, sessionId = undefined) {
    const id = ++this.count;
    const answer = new Promise((resolve, reject) => this.owed.set(id, { resolve, reject }));
    this.pipe.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return answer;
  }

  async close() {
    // With all processes it has begun: one of them would keep our ends of the pipes open.
    try { process.kill(-this.process.pid, 'SIGKILL'); } catch (gone) { assert.equal(gone.code, 'ESRCH'); }
    await this.exited;
    for (const stream of this.process.stdio) stream?.destroy();
  }
}

// One page of a browser of its own: `run(code)` answers what the expression is, promises
// awaited; `offline(yes)` takes its network away.
export async function openPage(t, url) {
  const browser = new Browser(scratch(t));
  await new Promise((started, failed) => {
    browser.process.on('spawn', started);
    browser.process.on('error', (error) => failed(new Error(`${program}: ${error.message}; tools/setup.sh installs it`)));
  });
  later(t, () => browser.close());
  const { targetId } = await browser.ask('Target.createTarget', { url });
  const { sessionId } = await browser.ask('Target.attachToTarget', { targetId, flatten: true });
  const page = {
    async run(expression) {
      const { result, exceptionDetails } = await browser.ask('Runtime.evaluate',
        { expression, awaitPromise: true, returnByValue: true }, sessionId);
      assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
      return result.value;
    },
    offline: (yes) => browser.ask('Network.emulateNetworkConditions',
      { offline: yes, latency: 0, downloadThroughput: -1, uploadThroughput: -1 }, sessionId),
  };
  await browser.ask('Network.enable', {}, sessionId);
  await until(`the page ${url}`, () => page.run(`document.readyState === 'complete' && location.href.startsWith(${JSON.stringify(url)})`));
  return page;
}
