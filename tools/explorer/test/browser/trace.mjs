// A trace as a person meets it: real calls of a real host through the real binary.

import assert from 'node:assert/strict';
import test from 'node:test';
import { wholeFile } from '../../../../tests/e2e/patience.mjs';
import { publish, until } from '../support/binary.mjs';
import { openPage } from '../support/chromium.mjs';
import { action, call, observation, thought } from '../support/envelopes.mjs';
import { ScriptedServer } from '../support/scripted_server.mjs';
import { kTask, tellStory } from '../support/story.mjs';

// One server for all: each test that adds something has a task of its own.
const story = await tellStory(wholeFile);
const { server, front } = story;

const at = (rest = '?v=tree', task = kTask) => `${front.url}#/trace/${task}${rest}`;
const rowsOf = (page) => page.locator('.tree [role="row"][aria-level]');
const rowOf = (page, text) => rowsOf(page).filter({ hasText: text });
const detailOf = (page) => page.getByRole('region', { name: 'Detail' });
// What a scripted server's log holds is loaded by opening its trace.
async function openScripted(t, envelopes, rest, options) {
  const server = await ScriptedServer.start(t);
  for (const one of envelopes) server.log.add(one);
  const tab = await openPage(t, `${server.url}#/trace/t-1${rest ?? '?v=tree'}`, options);
  return { server, tab, page: tab.page };
}

test('[E24] [E27] which call failed and why stands there at once; three forms share one selection and axe finds nothing', async (t) => {
  for (const theme of ['light', 'dark']) {
    const tab = await openPage(t, at(), { theme });
    const { page } = tab;
    const failures = page.getByRole('list', { name: 'What failed' }).getByRole('listitem');
    await failures.nth(1).waitFor();
    assert.match(await failures.nth(0).innerText(), /files\/read_text_file.*failed.*TOOL_ERROR, exit 1.*ENOENT: no such file/s);
    assert.match(await failures.nth(1).innerText(), /slow\/trigger-long-running-operation.*TIMEOUT_EXCEEDED, exit 124.*No result within 700 ms/s);
    const detail = detailOf(page);
    await detail.getByText('ENOENT').waitFor();
    assert.match(await detail.innerText(), /The tool ran and reported an error\./);
    assert.equal(await detail.getByRole('button', { name: 'Error', exact: true }).getAttribute('aria-pressed'), 'true');

    await failures.nth(1).getByRole('button').click();
    await detail.getByText('No result came in time; the tool was stopped.').waitFor();
    for (const form of ['Waterfall', 'Turns', 'Tree']) {
      await page.getByRole('button', { name: form, exact: true }).click();
      await detail.getByText('No result came in time').waitFor();
      await page.waitForFunction((v) => location.hash.includes(`v=${v}`), form.toLowerCase());
      assert.match(page.url(), /at=/);
      await tab.axe();
      await tab.picture(`trace-${form.toLowerCase()}-${theme}`);
    }
    assert.equal(await rowOf(page, 'slow/trigger').getAttribute('aria-selected'), 'true');
  }
});

test('[E24] the last chosen form is kept', async (t) => {
  const { tab, page } = await openScripted(t, call('c-1', 'read_file'), '');
  await rowOf(page, 'read_file').waitFor();
  await page.getByRole('button', { name: 'Turns' }).click();
  const other = await tab.another(`${page.url().split('#')[0]}#/trace/t-1`);
  await other.page.getByRole('article', { name: 'Turn 0' }).waitFor();
});

test('[E26] the tree: thread, turn, thought, calls with their observations, a call inside its parent', async (t) => {
  const { page } = await openPage(t, at());
  await rowOf(page, 'get-tiny-image').waitFor();
  const seen = await rowsOf(page).evaluateAll((rows) => rows.map((row) => `${row.getAttribute('aria-level')} ${row.querySelector('.what').innerText.replaceAll('\n', ' ')}`));
  const levelOf = (text) => Number(seen.find((row) => row.includes(text))[0]);
  assert.equal(levelOf('trigger-long-running'), levelOf('everything/echo') + 1, 'a call stands in the call that made it');
  assert.equal(levelOf('sum of 19'), levelOf('get-sum') + 1, 'an observation stands in its call');
  assert.ok(seen.findIndex((row) => row.includes('Plan the work')) < seen.findIndex((row) => row.includes('everything/echo')));
  assert.ok(levelOf('thread review') < levelOf('Look at the picture'));

  // Folding, by button and by keys; expand and collapse all.
  const grid = page.getByRole('treegrid');
  const before = Number(await grid.getAttribute('aria-rowcount'));
  await rowOf(page, 'everything/echo').getByRole('button').click();
  await rowOf(page, 'everything/echo').and(page.locator('[aria-expanded="false"]')).waitFor();
  assert.equal(Number(await grid.getAttribute('aria-rowcount')), before - 3);
  await rowOf(page, 'everything/echo').click();
  await page.keyboard.press('ArrowRight');
  await rowOf(page, 'everything/echo').and(page.locator('[aria-expanded="true"]')).waitFor();
  await page.keyboard.press('[');
  await page.waitForFunction(() => document.querySelectorAll('.tree [aria-level]').length < 5);
  await page.keyboard.press(']');
  await page.waitForFunction((all) => document.querySelector('[role="treegrid"]').getAttribute('aria-rowcount') === String(all), before);
});

test('[E26] an observation without its action stands under a placeholder, which the action replaces', async (t) => {
  const [first, second] = call('c-9', 'fetch');
  const { server, page } = await openScripted(t, [second]);
  await rowOf(page, 'its action is not here').waitFor();
  await rowOf(page, 'its action is not here').click();
  await detailOf(page).getByText('it may be older than what is kept').waitFor();
  server.log.add(first);
  await rowOf(page, 'its action is not here').waitFor({ state: 'detached' });
  await rowOf(page, 'files/fetch').waitFor();
  await detailOf(page).getByRole('group', { name: 'stdout' }).getByText('done').waitFor();
});

test('[E26] a call without a tool is told by its id, though its action is not here', async (t) => {
  const { page } = await openScripted(t, [observation('c-lost', ''), action('c-1', 'run', {}, { payload: { tool_call: { parent_tool_call_id: 'c-gone' } } })], '?v=tree&at=c-gone');
  await rowOf(page, 'call c-lost, its action is not here').waitFor();
  await rowOf(page, 'call c-gone, its action is not here').and(page.locator('[aria-selected="true"]')).waitFor();
  await detailOf(page).getByText('What was called by call c-gone has come').waitFor();
  await rowOf(page, 'call c-lost').click();
  await detailOf(page).getByText('The observation of call c-lost has come').waitFor();
  await page.reload();
  await detailOf(page).getByText('The observation of call c-lost has come').waitFor();
});

test('[E25] a running call is a row before it ends, its time grows, and its detail is completed in place', async (t) => {
  const { page } = await openPage(t, at('?v=tree', 'running'));
  await page.getByText('No trace running').waitFor();
  const running = story.start('everything__trigger-long-running-operation', { duration: 60, steps: 1 }, { task_id: 'running', tool_call_id: 'c-runs' });
  const row = rowOf(page, 'trigger-long-running');
  await row.waitFor();
  assert.match(await row.innerText(), /running/);
  await row.click();
  await detailOf(page).getByText('No result yet: the call runs.').waitFor();
  const time = () => row.locator('.num').innerText();
  const early = await time();
  await until('more time', async () => (await time()) !== early);
  await running.stop();
  await detailOf(page).getByText('cancelled by the caller').waitFor();
  assert.match(await detailOf(page).innerText(), /CANCELLED[\s\S]*exit 130[\s\S]*The call was cancelled before it ended/);
});

test('[E27] stdout and stderr apart, the meaning of codes, siblings, the thought, verbatim bodies', async (t) => {
  const envelopes = [
    thought('build it'), action('c-1', 'run', { cmd: 'make' }, { server: 'shell' }),
    observation('c-1', 'run', { stdout: 'cc main.c', stderr: "No rule to make target 'all'.", status: 'TOOL_ERROR', exit_code: 2 }, { server: 'shell' }),
    ...call('c-2', 'read_file', { path: 'x' }, { stdout: 'text of x' }),
    action('c-3', 'push'), observation('c-3', 'push', { stdout: '', stderr: 'The orchestrator stopped before the result arrived.', status: 'ABANDONED', exit_code: 137 }),
  ];
  const { page } = await openScripted(t, envelopes, '?v=tree&at=c-1');
  const detail = detailOf(page);
  await detail.getByRole('group', { name: 'stderr' }).getByText('No rule to make target').waitFor();
  assert.equal(await detail.getByRole('group', { name: 'stdout' }).innerText(), 'cc main.c');
  assert.match(await detail.innerText(), /exit 2[\s\S]*The tool ran and reported an error\. 2 is the tool's own code\./);
  await detail.getByRole('button', { name: 'Input' }).click();
  assert.match(await detail.innerText(), /cmd[\s\S]*make/);
  await detail.getByRole('button', { name: 'Raw' }).click();
  await detail.getByRole('group', { name: /verbatim/ }).first().waitFor();
  assert.deepEqual(await detail.getByRole('group', { name: /verbatim/ }).allInnerTexts(), [JSON.stringify(envelopes[1]), JSON.stringify(envelopes[2])]);

  await detail.getByRole('button', { name: 'Next sibling' }).click();
  await detail.getByRole('group', { name: 'stdout' }).getByText('text of x').waitFor();
  assert.equal(await detail.getByRole('button', { name: 'Output' }).getAttribute('aria-pressed'), 'true');
  await detail.getByRole('button', { name: 'Next sibling' }).click();
  await detail.getByText('Nobody knows whether the tool ran.').waitFor();
  assert.equal(await detail.getByRole('button', { name: 'Next sibling' }).isDisabled(), true);
  await detail.getByRole('button', { name: 'Previous sibling' }).click();
  await detail.locator('.because').click();
  await detail.getByRole('group', { name: 'Thought' }).getByText('build it').waitFor();
});

test('[E28] bytes in base64 are hex and text; pictures are shown on a click, SVG never', async (t) => {
  const svg = { type: 'image', mimeType: 'image/svg+xml', data: btoa('<svg xmlns="http://www.w3.org/2000/svg" onload="x"/>') };
  const { page } = await openScripted(t, [action('c-1', 'blob'), observation('c-1', 'blob', { stdout: btoa('hello\n') }, { encoding: 'base64', payload: { result: { content: [svg] } } })]);
  const detail = detailOf(page);
  await detail.getByText('00000000 68 65 6c 6c 6f 0a').waitFor();
  await detail.getByText('6 B in base64').first().waitFor();
  assert.equal(await detail.getByRole('button', { name: 'Show picture' }).count(), 0);

  const real = await openPage(t, at('?v=tree&at=c-image'));
  await detailOf(real.page).getByRole('button', { name: 'Show picture' }).click();
  await real.page.waitForFunction(() => document.querySelector('.detail img')?.naturalWidth > 0);
  await real.picture('trace-picture');
});

test('[E29] a value of 1 MiB is folded, opened by steps, and found in', async (t) => {
  const big = `${'a'.repeat(1 << 20)} needle`;
  const { page } = await openScripted(t, call('c-1', 'cat', {}, { stdout: big }), '?v=tree&at=c-1');
  const out = detailOf(page).getByRole('group', { name: 'stdout' });
  await out.getByRole('button', { name: /64 KB more/ }).waitFor();
  const shown = () => out.innerText().then((text) => text.length);
  const before = await shown();
  assert.ok(before < 20_000, `${before}`);
  await out.getByRole('button', { name: /64 KB more/ }).click();
  await until('64 KB more', async () => (await shown()) > before + 64_000);
  await out.getByRole('searchbox').fill('needle');
  await page.keyboard.press('Enter');
  assert.equal(await out.locator('mark').innerText(), 'needle');
});

test('[E52] links: by event id, by tool_call_id, by trace id; an unknown task offers the search and becomes the trace when it begins', async (t) => {
  const list = await (await fetch(`${server.url}/trace/log`)).text();
  const observed = list.split('\n').filter(Boolean).map((line) => JSON.parse(line)).find((one) => one.type === 'observation' && one.tool_call_id === 'c-sum');
  const tab = await openPage(t, at('?v=tree&at=c-sum'));
  await detailOf(tab.page).getByText('The sum of 19 and 23 is 42.').waitFor();
  assert.equal(await rowOf(tab.page, 'get-sum').getAttribute('aria-selected'), 'true');

  const { page } = await tab.another(`${front.url}#/trace/${observed.trace_id}?v=tree`);
  await page.getByRole('heading', { name: `trace ${kTask}` }).waitFor();

  const { page: unknown } = await tab.another(`${front.url}#/trace/later?v=tree`);
  await unknown.getByRole('heading', { name: 'No trace later' }).waitFor();
  await unknown.getByRole('button', { name: /Search/ }).waitFor();
  await story.call('everything__echo', { message: 'now' }, { task_id: 'later', tool_call_id: 'c-later' });
  await rowOf(unknown, 'everything/echo').waitFor();
});

test('[E35] turns: thoughts with their line breaks, failed results open, others folded, threads as tabs', async (t) => {
  const { page } = await openPage(t, at('?v=turns'));
  const turn = (n) => page.getByRole('article', { name: `Turn ${n}` });
  await turn(1).getByText('ENOENT').waitFor();
  assert.match(await turn(0).innerText(), /Plan the work\.\nFirst look at what there is\./);
  assert.equal(await turn(0).getByText('The sum of 19 and 23 is 42.').count(), 0);
  await turn(0).getByRole('button', { name: 'Result of everything/get-sum' }).click();
  await turn(0).getByText('The sum of 19 and 23 is 42.').waitFor();
  await page.getByRole('group', { name: 'Threads' }).getByRole('button', { name: /review/ }).click();
  await turn(2).getByText('Look at the picture meanwhile.').waitFor();
  assert.equal(await turn(0).count(), 0);
});

test('[E54] n and p walk the errors, g and a letter chooses the form', async (t) => {
  const { page } = await openPage(t, at());
  await detailOf(page).getByText('ENOENT').waitFor();
  await page.keyboard.press('n');
  await detailOf(page).getByText('No result came in time').waitFor();
  await page.keyboard.press('p');
  await detailOf(page).getByText('The tool ran and reported an error').waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('w');
  await page.getByRole('img', { name: /^Waterfall: 6 calls in \d lanes, 2 failed/ }).waitFor();
});

test('[E59] at 320 px everything is there, with indent guides, and nothing sticks out', async (t) => {
  const tab = await openPage(t, at(), { narrow: true });
  const { page } = tab;
  await rowOf(page, 'everything/echo').waitFor();
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'no sideways scrolling');
  assert.ok((await rowOf(page, 'everything/echo').locator('.guides').boundingBox()).width >= 8);
  await detailOf(page).getByText('ENOENT').scrollIntoViewIfNeeded();
  await tab.axe();
  await tab.picture('trace-narrow');
});

test('[E65] hostile text in names, arguments and errors is read and nothing else', async (t) => {
  const bad = '<img src=x onerror=alert(1)>\u202e\u001b[31m</script><script>alert(2)</script>';
  const { page } = await openScripted(t, [
    thought(bad, { thread_id: bad }), action('c-1', bad, { [bad]: bad, __proto__: 1 }, { server: bad }),
    observation('c-1', bad, { stderr: bad, stdout: bad, status: 'TOOL_ERROR' }, { server: bad }),
  ]);
  await detailOf(page).getByRole('group', { name: 'stderr' }).waitFor();
  for (const form of ['Waterfall', 'Turns', 'Tree']) {
    await page.getByRole('button', { name: form, exact: true }).click();
    for (const tab of ['Input', 'Raw']) await detailOf(page).getByRole('button', { name: tab }).click();
    assert.equal(await page.evaluate(() => document.querySelectorAll('#page img, #page script').length), 0);
  }
});

test('[E36] a channel: its past with phases, interventions and pauses, what is said now, and its end', async (t) => {
  const post = async (path, body) => assert.ok((await fetch(`${server.url}/api/debates${path}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })).ok, path);
  const event = (name, data) => post('/42/events', { event: name, data: { timestamp: 1795224245120, ...data } });
  const say = (speaker, phase, content) => event('utterance', { id: content, phase, speaker, content });
  await post('', { debateId: '42', title: 'Tea or coffee' });
  await event('phase_transition', { phase: 'opening' });
  for (let n = 1; n <= 5; ++n) await say(n % 2 ? 'pro' : 'con', 'opening', `speech ${n}`);
  await post('/42/interventions', { type: 'question', content: 'Milk?', directedTo: 'pro' });
  await post('/42/pause', { reason: 'tea time' });
  const tab = await openPage(t, `${front.url}#/channel/debates/42`);
  const { page } = tab;
  await page.getByText('paused: tea time').waitFor();
  assert.deepEqual((await page.locator('.channel h3').allInnerTexts()).map((text) => text.trim()), ['1. pro', '2. con', '3. pro', '4. con', '5. pro', 'question to pro']);
  await post('/42/resume', {});
  await say('con', 'closing', 'Coffee.\nWith sugar.');
  await page.getByRole('heading', { name: 'closing' }).waitFor();
  assert.equal(await page.getByRole('article').filter({ hasText: 'Coffee.' }).locator('p').innerText(), 'Coffee.\nWith sugar.');
  await tab.axe();
  await tab.picture('channel');
  await event('complete', { debateId: '42', totalDurationMs: 9000, finalPhase: 'closing' });
  await page.getByText('9 s in all').waitFor();
  assert.match(await page.locator('.channel > header').innerText(), /completed/);
});

test('[E48] compare: totals, tools, calls in step, arguments that differ; a fourth is refused in words', async (t) => {
  const ask = (task, tool, args) => story.call(tool, args, { task_id: task });
  for (const task of ['one', 'two']) {
    await ask(task, 'everything__echo', { message: task });
    if (task === 'two') await ask(task, 'files__read_text_file', { path: '/nowhere' });
    await ask(task, 'everything__get-sum', { a: 1, b: 2 });
  }
  const tab = await openPage(t, `${front.url}#/compare/one,two`);
  const { page } = tab;
  const grid = page.getByRole('grid', { name: 'Calls in step' });
  await grid.getByRole('row').filter({ hasText: 'get-sum' }).waitFor();
  assert.match(await grid.getByRole('row').filter({ hasText: 'files/read_text_file' }).innerText(), /not called[\s\S]*TOOL_ERROR/);
  await grid.getByRole('row').filter({ hasText: 'echo' }).click();
  const differ = page.getByRole('region', { name: 'Arguments that differ' });
  await differ.getByText('/message').waitFor();
  assert.match(await differ.innerText(), /"one"[\s\S]*"two"/);
  await grid.getByRole('row').filter({ hasText: 'get-sum' }).click();
  await page.getByText('The arguments are the same.').waitFor();
  await tab.axe();
  await tab.picture('compare');

  // One of them goes on.
  await ask('one', 'everything__echo', { message: 'more' });
  await page.getByRole('row', { name: /^calls 3 3/ }).waitFor();
  for (const name of ['three', 'four']) {
    await page.getByRole('combobox', { name: 'Trace to add' }).fill(name);
    await page.getByRole('button', { name: 'Add' }).click();
  }
  await page.getByText('Three traces are the most that are compared: take one out first.').waitFor();
  await page.goto(`${front.url}#/compare/a,b,c,d`);
  await page.getByText(/Three traces are the most.*d.*is left out/).waitFor();
});

test('[E17] what is published later is in the open trace, in order, and the choice stays', async (t) => {
  const more = { task_id: 'more' };
  const ids = await publish(server, [thought('first', more), ...call('c-first', 'read_file', {}, {}, more)]);
  const { page } = await openPage(t, at(`?v=tree&at=${ids[0]}`, 'more'));
  await detailOf(page).getByRole('group', { name: 'Thought' }).getByText('first').waitFor();
  for (let n = 0; n < 20; ++n) await publish(server, call(`c-more-${n}`, 'read_file', {}, {}, more));
  await page.waitForFunction(() => Number(document.querySelector('[role="treegrid"]').getAttribute('aria-rowcount')) > 44);
  await detailOf(page).getByRole('group', { name: 'Thought' }).getByText('first').waitFor();
});

test('[E19] [E33] a filter inside a trace hides what it does not admit, by tool and by share, and is in the address', async (t) => {
  const { page } = await openPage(t, at());
  await rowOf(page, 'everything/echo').waitFor();
  await rowOf(page, 'everything/echo').click();
  const field = page.getByRole('searchbox', { name: 'Filter this trace' });
  await field.fill('server:files');
  await field.press('Enter');
  await rowOf(page, 'everything/echo').waitFor({ state: 'detached' });
  await rowOf(page, 'files/read_text_file').waitFor();
  assert.match(page.url(), /f=server%3Afiles/);
  await detailOf(page).getByRole('heading', { name: 'everything/echo' }).waitFor(); // the choice stays
  await page.getByText(/^2 of 15/).waitFor();
  await field.fill('share:>30%');
  await field.press('Enter');
  await rowOf(page, 'everything/trigger').waitFor();
  assert.equal(await rowOf(page, 'get-sum').count(), 0);
  await page.goBack();
  await rowOf(page, 'files/read_text_file').waitFor();
  await field.fill('server:none');
  await field.press('Enter');
  await page.getByRole('button', { name: 'Show all' }).click();
  await rowOf(page, 'everything/echo').waitFor();
});

test('[E52] ?trace_id= leads to its trace, and leaves the query', async (t) => {
  const trace_id = '4bf92f3577b34da6a3ce929d0e0e4736';
  await publish(server, call('c-linked', 'read_file', {}, {}, { task_id: 'linked', trace_id }));
  const { page } = await openPage(t, `${front.url}?trace_id=${trace_id}`);
  await page.getByRole('heading', { name: 'trace linked' }).waitFor();
  assert.equal(new URL(page.url()).search, '');
});

test('[E10] a trace with a gap inside says that it is incomplete', async (t) => {
  const server = await ScriptedServer.start(t);
  for (const one of call('c-1', 'read_file')) server.log.add(one);
  const { page } = await openPage(t, `${server.url}#/trace/t-1?v=tree`);
  await rowOf(page, 'read_file').waitFor();
  server.say(`event: gap\ndata: ${JSON.stringify({ from: server.log.id(3), to: server.log.id(33), lost: 31, reason: 'expired' })}\n\n`);
  for (const one of call('c-2', 'write_file')) server.log.add(one);
  await page.getByText(/incomplete: a gap lies inside/).waitFor();
});
