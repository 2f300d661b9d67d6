// A debate orchestrator as somebody else would write one: plays a whole debate over the
// REST API, listens to the stream itself for what the audience asks, and answers it.
//
//   debate_driver.mjs URL DEBATE TURNS   prints each event it told, one line of JSON
//
// It waits for a line on stdin before each half, so that who tests it may bring the
// audience in time.

import readline from 'node:readline';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const resolve = createRequire(path.join(here, '../../tools/node/package.json')).resolve;
const { EventSource } = await import(pathToFileURL(resolve('eventsource')).href);

const [url, debate, turns] = process.argv.slice(2);
const base = `${url}/api/debates/${debate}`;
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const go = () => lines.next();
const began = Date.now();

async function post(route, body) {
  const answer = await fetch(route, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${route}: ${answer.status} ${text}`);
  return JSON.parse(text);
}
async function tell(event, data) {
  const { id } = await post(`${base}/events`, { event, data });
  console.log(JSON.stringify({ id, event, data }));
}
const phase = (from, to) => tell('phase_transition', { debateId: debate, phase: to, fromPhase: from, toPhase: to, timestamp: Date.now() });
async function speak(from, to, name) {
  for (let turn = from; turn <= to; ++turn) {
    await tell('utterance', { id: `u${turn}`, debateId: debate, timestamp: Date.now(), turnNumber: turn, phase: name,
      speaker: turn % 2 ? 'pro' : 'con', content: `Turn ${turn}: "point" \\ über ${'☕'.repeat(turn % 5)}\n` });
  }
}

await post(`${url}/api/debates`, { debateId: debate, title: 'Tea or coffee' });
const source = new EventSource(`${base}/stream`);
const asked = new Promise((heard) => source.addEventListener('intervention_submitted', ({ data }) => heard(JSON.parse(data))));
await new Promise((open) => source.addEventListener('connected', open));
console.log(JSON.stringify({ ready: true }));

const half = Math.floor(turns / 2);
await go();
await phase('', 'opening');
await speak(1, half, 'opening');
await tell('error', { debateId: debate, error: 'the model hesitated', code: 'SLOW', timestamp: Date.now() });
const paused = await post(`${base}/pause`, { reason: 'questions' });
console.log(JSON.stringify({ paused }));
const { interventionId, content } = await asked;
await tell('intervention_response', { interventionId, debateId: debate, speaker: 'pro', response: `To "${content}": yes.`, timestampMs: Date.now() });
await post(`${base}/resume`, {});
await go();
await phase('opening', 'closing');
await speak(half + 1, Number(turns), 'closing');
await tell('complete', { debateId: debate, totalDurationMs: Date.now() - began, finalPhase: 'closing', timestamp: Date.now() });
source.close();
process.exit(0);
