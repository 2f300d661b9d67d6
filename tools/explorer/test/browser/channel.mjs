// A channel as it is spoken: how far its past has come, and what became of what people asked.

import assert from 'node:assert/strict';
import test from 'node:test';
import { startBinary } from '../support/binary.mjs';
import { kLineLost, openPage } from '../support/chromium.mjs';
import { cut, end, frame, kGreeting, ScriptedServer, wait } from '../support/scripted_server.mjs';

const kEpoch = '5f3a9c01d2';
const event = (n, name, data) => frame({ debateId: '42', timestamp: 1795224245120 + n * 1000, ...data }, { id: `${kEpoch}-${n}`, event: name });
const speech = (n, data = {}) => event(n, 'utterance', { id: `u${n}`, phase: 'opening', speaker: n % 2 ? 'pro' : 'con', content: `speech ${n}`, ...data });
const speeches = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => speech(from + at)).join('');
const articles = (page) => page.locator('.channel article');

test('[E36] "receiving 3 of 9" while the past is loaded, over a cut too, and nothing comes twice', async (t) => {
  const server = await ScriptedServer.start(t, { routes: {
    'GET /api/channels/debates/42': { body: { debateId: '42', status: 'live', phase: 'opening', turn: 9, clients: 0, lastId: `${kEpoch}-9` } },
    'GET /api/channels/debates/42/stream': ({ query }) => {
      const after = Number(query.get('lastEventId').split('-')[1] ?? 0);
      return { steps: after === 0 ? [kGreeting, speeches(1, 3), wait('more'), speeches(4, 5), cut()]
        : [kGreeting, speeches(after + 1, 8), wait('last'), speech(9), wait('new'), speech(10)] };
    },
  } });
  const { page } = await openPage(t, `${server.url}#/channel/debates/42`, { expect: [kLineLost] });
  const header = page.locator('.channel > header');
  await header.getByText('receiving 3 of 9').waitFor();
  assert.equal(await articles(page).count(), 3);
  server.go('more');
  await page.locator('.why').waitFor();
  await header.getByText('receiving 8 of 9').waitFor();
  // What arrives together with the end of a line may be lost with it.
  assert.match(server.asked('GET', '/api/channels/debates/42/stream').map(({ query }) => query.get('lastEventId')).join(), new RegExp(`^earliest,${kEpoch}-[345]$`));
  server.go('last');
  await articles(page).nth(8).waitFor();
  await header.getByText('receiving').waitFor({ state: 'detached' });
  assert.equal(await header.getByRole('status').innerText(), '');
  server.go('new');
  await articles(page).nth(9).waitFor();
  assert.deepEqual(await articles(page).locator('p').allInnerTexts(), Array.from({ length: 10 }, (_, n) => `speech ${n + 1}`));
});

test('[E36] what people asked stands with its answers, also those that come before their question', async (t) => {
  const server = await ScriptedServer.start(t, { routes: {
    'GET /api/channels/debates/42': { body: { debateId: '42', status: 'live', phase: 'opening', turn: 1, clients: 0, lastId: `${kEpoch}-2` } },
    'GET /api/channels/debates/42/stream': { steps: [kGreeting, speech(1),
      event(2, 'intervention_response', { interventionId: 'i-2', speaker: 'con', response: 'Because I say so.' }), wait('asked'),
      event(3, 'intervention_submitted', { interventionId: 'i-2', type: 'challenge', directedTo: 'con', content: 'Why?' }), end()] },
  } });
  const { page } = await openPage(t, `${server.url}#/channel/debates/42`);
  await articles(page).filter({ hasText: 'Because I say so.' }).waitFor();
  server.go('asked');
  const one = articles(page).filter({ hasText: 'Why?' });
  await one.waitFor();
  assert.match(await one.innerText(), /challenge to con[^]*Why\?[^]*con Because I say so\./);
  assert.equal(await articles(page).count(), 2);
});

test('[E36] a real debate: a question, its two answers, and one that nobody has answered', async (t) => {
  const server = await startBinary(t);
  const post = async (path, body) => {
    const answer = await fetch(`${server.url}/api/debates${path}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return answer.json();
  };
  await post('', { debateId: '7' });
  await post('/7/events', { event: 'utterance', data: { id: 'u1', timestamp: 1795224245120, phase: 'opening', speaker: 'pro', content: 'Tea.' } });
  const tab = await openPage(t, `${server.page}#/channel/debates/7`);
  const { page } = tab;
  await articles(page).filter({ hasText: 'Tea.' }).waitFor();
  const { interventionId } = await post('/7/interventions', { type: 'question', content: 'Milk?', directedTo: 'pro' });
  const question = articles(page).filter({ hasText: 'Milk?' });
  await question.getByText('no answer yet').waitFor();
  for (const [speaker, response] of [['pro', 'Never.'], ['con', 'Always.']])
    await post('/7/events', { event: 'intervention_response', data: { interventionId, debateId: '7', speaker, response, timestampMs: 1795224246120 } });
  await question.getByText('Always.').waitFor();
  assert.deepEqual(await question.locator('.answer').allInnerTexts(), ['pro Never.', 'con Always.']);
  assert.equal(await question.getByText('no answer yet').count(), 0);
  await post('/7/interventions', { type: 'evidence_injection', content: 'See the study.' });
  await articles(page).filter({ hasText: 'See the study.' }).getByText('no answer yet').waitFor();
  await articles(page).filter({ hasText: 'See the study.' }).getByRole('heading', { name: 'evidence injection' }).waitFor();
  await tab.axe();
  await tab.picture('channel-answers');
});
