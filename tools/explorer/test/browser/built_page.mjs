// The page as it is built in: how much it weighs, what it asks for, and that it works where a
// proxy puts it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { kMaxGzipBytes } from '../../build.mjs';
import { freePort } from '../../../../tests/e2e/support.mjs';
import { later, publish, scratch, startBinary, startGuarded, until } from '../support/binary.mjs';
import { openPage } from '../support/chromium.mjs';
import { call, thought } from '../support/envelopes.mjs';
import { ScriptedServer } from '../support/scripted_server.mjs';

const kNginx = '/usr/sbin/nginx';
const browser = { Accept: 'text/html', 'Accept-Encoding': 'gzip' };
const live = (tab) => tab.page.locator('.indicator[data-state="live"]').waitFor();
const shows = (tab, text) => tab.page.getByText(text).first().waitFor();

test('[E69] the page is at most 60 KB, and one request; what is fetched later is its own and named by its policy', async (t) => {
  const server = await startBinary(t);
  await publish(server, [thought('look'), ...call('c-1', 'read_file', { path: 'a' })]);
  const answer = await fetch(server.page, { headers: browser });
  assert.equal(answer.headers.get('content-encoding'), 'gzip');
  const bytes = Number(answer.headers.get('content-length'));
  const policy = answer.headers.get('content-security-policy');
  assert.match(policy, /^default-src 'none'; script-src 'sha256-[^']+' 'sha256-[^']+'; style-src (?:'sha256-[^']+' ?)+; worker-src blob:; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types explorer; frame-ancestors 'none'$/);

  const tab = await openPage(t, server.page);
  await live(tab);
  const files = tab.requests.filter(({ url }) => !/\/(?:trace\/(?:stream|replay|log)|api\/|health|readyz)/.test(url) && !/^(?:blob|data):/.test(url));
  // The second file is fetched when the page has nothing else to do; nothing on screen waits for it.
  assert.ok([[server.page], [server.page, `${server.page}explorer/rooms.js`]].some((some) => isDeepStrictEqual(some, files.map(({ url }) => url))), JSON.stringify(files));
  await tab.page.goto(`${server.page}#/tools`);
  await tab.page.getByText('read_file').first().waitFor();
  assert.deepEqual(tab.requests.filter(({ url }) => url.endsWith('.js')).map(({ url }) => url), [`${server.page}explorer/rooms.js`]);
  assert.ok(tab.requests.every(({ url }) => url.startsWith(server.page) || /^(?:blob|data):/.test(url)), 'nothing elsewhere');
  assert.ok(bytes <= kMaxGzipBytes, `${bytes} bytes, at most ${kMaxGzipBytes}`);
});

test('[E53] it works under a path prefix, with authentication, and asks for nothing outside of it', async (t) => {
  const server = await startGuarded(t);
  const front = await ScriptedServer.start(t, { behind: server.url, prefix: '/tools/trace' });
  front.stream = undefined;
  front.routes.set('GET /', async (request) => { // the real page, not the one made from the sources
    const page = await fetch(server.page, { headers: { Accept: request.headers.accept } });
    return { headers: Object.fromEntries([...page.headers].filter(([name]) => /^content-(type|sec)/.test(name))), body: await page.text() };
  });
  await publish(server, [thought('under a prefix'), ...call('c-1', 'read_file', { path: 'a' })]);
  const tab = await openPage(t, front.url, { expect: [/status of 401/] });
  await tab.page.locator('input[type="password"]').fill(server.bearer);
  await tab.page.keyboard.press('Enter');
  await live(tab);
  await tab.page.goto(`${front.url}#/trace/t-1`);
  await shows(tab, 'under a prefix');
  await tab.page.goto(`${front.url}#/health`);
  await shows(tab, /ready/i);
  const own = new URL(front.url);
  assert.ok(tab.requests.every(({ url }) => url.startsWith(own.href) || url.startsWith('blob:') || url.startsWith('data:')));
});

test('[E53] it works behind nginx at a prefix', { skip: !fs.existsSync(kNginx) && `no ${kNginx}` }, async (t) => {
  const port = await freePort(), dir = scratch(t);
  const server = await startBinary(t);
  fs.writeFileSync(path.join(dir, 'nginx.conf'), `
    daemon off; pid ${dir}/pid; error_log ${dir}/error.log; worker_processes 1; events {}
    http {
      access_log off; client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
      server { listen 127.0.0.1:${port}; location /tools/trace/ { proxy_pass ${server.url}/; } }
    }`);
  const nginx = spawn(kNginx, ['-c', path.join(dir, 'nginx.conf'), '-p', dir], { stdio: 'ignore' });
  const ended = once(nginx, 'exit');
  later(t, async () => { nginx.kill('SIGTERM'); await ended; });
  const page = `http://127.0.0.1:${port}/tools/trace/`;
  await until('nginx', async () => (await fetch(page).catch(() => undefined))?.status === 200);
  const tab = await openPage(t, page);
  await live(tab);
  await publish(server, [thought('through nginx'), ...call('c-1', 'read_file', { path: 'a' })]);
  await tab.page.goto(`${page}#/trace/t-1`);
  await shows(tab, 'through nginx');
});
