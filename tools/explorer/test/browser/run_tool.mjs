// A tool that is run from the page: what it tells while it runs, what it asks on its way, and its end
// by hand. The peers are real: the binary, and a server made with the library whose tools ask.

import assert from 'node:assert/strict';
import test from 'node:test';
import { startFixture } from '../../../../tests/e2e/fixture.mjs';
import { startBinary, until } from '../support/binary.mjs';
import { answered, openPage } from '../support/chromium.mjs';
import { ScriptedServer } from '../support/scripted_server.mjs';

/** The page in front of the server whose tools ask. */
async function openAsking(t, options) {
  const fixture = await startFixture(t);
  const front = await ScriptedServer.start(t, { behind: fixture.url });
  front.stream = undefined;
  const tab = await openPage(t, `${front.url}#/run`, options);
  const { page } = tab;
  const result = page.getByRole('region', { name: 'Result' });
  return {
    tab, page, result, fixture,
    async run(tool, fill = async () => {}) {
      await page.getByRole('button', { name: tool, exact: true }).click();
      await page.getByRole('heading', { name: tool, exact: true }).waitFor();
      await fill();
      await page.getByRole('button', { name: 'Run', exact: true }).click();
    },
    question: page.getByRole('form', { name: / asks$/ }),
    says: (text) => result.locator('pre').getByText(text).waitFor(),
  };
}

test('[run] a tool that asks is answered in a form of its own: accepted, declined, cancelled', async (t) => {
  const { tab, page, run, question, result, says } = await openAsking(t);
  const ask = (words) => run('test_elicitation', () => page.getByLabel(/^message/).fill(words));
  await ask('Who is asking?');
  await question.getByText('Who is asking?').waitFor();
  await result.getByText('waits for your answer').waitFor();
  const name = question.getByLabel(/^username/);
  await until('the focus', () => name.evaluate((one) => one === document.activeElement));
  await tab.axe();
  await tab.picture('run-question-light');
  await question.getByRole('button', { name: 'Answer' }).click();
  await question.getByText('username is required').waitFor();
  await name.fill('<b>Ann</b>');
  await question.getByLabel(/^email/).fill('ann@example.com');
  await page.keyboard.press('Enter');
  await says('action=accept');
  await says('"username":"<b>Ann</b>"');
  assert.equal(await question.count(), 0);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Run', 'the focus is where it was');

  await ask('Once <img src=x onerror=alert(1)> more?');
  await question.getByText('Once <img src=x onerror=alert(1)> more?').waitFor();
  assert.equal(await page.locator('main img').count(), 0);
  await question.getByRole('button', { name: 'Decline' }).click();
  await says('action=decline');
  await ask('And now?');
  await question.getByRole('button', { name: 'Cancel the question' }).click();
  await says('action=cancel');
});

test('[run] defaults stand in the form, choices have their names, and a second question follows the first', async (t) => {
  const { page, run, question, says } = await openAsking(t, { axe: false });
  await run('test_elicitation_sep1034_defaults');
  assert.equal(await question.getByLabel('name', { exact: true }).inputValue(), 'John Doe');
  await question.getByLabel('age').fill('31');
  await question.getByRole('button', { name: 'Answer' }).click();
  await says('"age":31');
  await says('"status":"active"');

  await run('test_elicitation_sep1330_enums');
  await question.getByLabel('titledSingle', { exact: true }).selectOption({ label: 'Second' });
  await question.getByLabel('legacyEnum').selectOption({ label: 'One' });
  await question.getByRole('button', { name: 'Answer' }).click();
  await says('"titledSingle":"value2","legacyEnum":"opt1"');

  await run('test_input_required_result_multi_round');
  await question.getByLabel('name', { exact: true }).fill('Ann');
  await page.keyboard.press('Enter');
  await question.getByLabel('color').fill('blue');
  await page.keyboard.press('Enter');
  await says('Ann likes blue');
});

test('[run] arguments that headers must repeat are repeated', async (t) => {
  const { page, run, says } = await openAsking(t, { axe: false });
  await run('test_x_mcp_header', async () => {
    await page.getByLabel(/^region/).fill('K\u00f6ln am Rhein');
    await page.getByLabel('level').fill('3');
  });
  await says('"region":"K\u00f6ln am Rhein","level":3');
});

test('[run] what the page cannot give is said, and it declares no more than it can', async (t) => {
  const { run, result } = await openAsking(t, { axe: false, expect: [answered(400)] });
  await run('test_input_required_result_sampling');
  await result.locator('[data-status="error"]').waitFor();
  assert.match(await result.getByRole('status').innerText(), /^HTTP 400: .*capab/);
  await run('test_input_required_result_capabilities');
  await result.getByText('waits for your answer').waitFor();
});

test('[run] a tool that needs it does not say what is not called again and again', async (t) => {
  const calls = () => server.asked('POST', '/mcp').filter(({ body }) => JSON.parse(body).method === 'tools/call');
  const server = await ScriptedServer.start(t, { routes: {
    'POST /mcp': ({ body }) => ({ body: { jsonrpc: '2.0', id: 1, result: JSON.parse(body).method === 'tools/list'
      ? { tools: [{ name: 'vague', inputSchema: { type: 'object' } }] }
      : calls().length < 100 ? { resultType: 'input_required', inputRequests: {} } : { content: [] } } }),
  } });
  const { page } = await openPage(t, `${server.url}#/run?tool=vague`, { axe: false });
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText('the tool says that it needs something, and not what').waitFor();
  assert.equal(calls().length, 1);
});

test('[run] a long call shows how far it is, and Cancel ends it at the server too', async (t) => {
  const server = await startBinary(t, { config: { builtin: { tools: 'all' } } });
  const tab = await openPage(t, `${server.page}#/run?tool=sleep`);
  const { page } = tab;
  await page.getByLabel(/^ms/).fill('120000');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const bar = page.getByRole('progressbar', { name: 'Progress' });
  const first = await until('progress', async () => Number(await bar.getAttribute('value', { timeout: 60_000 })));
  await until('more of it', async () => Number(await bar.getAttribute('value')) > first);
  await tab.axe();
  await tab.picture('run-progress-light');
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  const result = page.getByRole('region', { name: 'Result' });
  await result.getByText('cancelled').waitFor();
  assert.equal(await bar.count(), 0);
  await result.getByRole('link', { name: /^Its trace/ }).click();
  await page.getByText('CANCELLED').first().waitFor();
});
