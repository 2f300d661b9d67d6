// One of the audience, a process of its own: follows a debate with `eventsource` and prints
// each event as one line of JSON, until `complete`.
//
//   debate_client.mjs URL DEBATE

import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const resolve = createRequire(path.join(here, '../../tools/node/package.json')).resolve;
const { EventSource } = await import(pathToFileURL(resolve('eventsource')).href);

const [url, debate] = process.argv.slice(2);
process.stdin.resume(); // an EventSource that waits to reconnect keeps no process alive
const source = new EventSource(`${url}/api/debates/${debate}/stream`);
for (const name of ['connected', 'utterance', 'phase_transition', 'intervention_submitted', 'intervention_response', 'pause', 'resume',
  'complete', 'error']) {
  source.addEventListener(name, ({ lastEventId: id, data }) => {
    const said = data === undefined ? { broken: true } : { id, event: name, data: JSON.parse(data) };
    console.log(JSON.stringify(said));
    if (name === 'complete') process.exit(0);
  });
}
