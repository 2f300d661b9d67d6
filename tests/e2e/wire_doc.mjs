// The transcript of docs/wire/mcp.md is what happens: each command is run against the
// fixture, and its output is what the page shows but for what differs from run to run.
//
//   node tests/e2e/wire_doc.mjs --write     puts the outputs of this run into the page
//
// Page: a ```sh block after <!-- define --> comes before every command; one after
// <!-- run --> runs to its end; one after <!-- run: until "x", then "y" --> goes on, once it
// has printed x, beside the commands after it, and is ended when it has printed y too.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { startFixture } from './fixture.mjs';
import { later, plainEnv, root, slow, until } from './support.mjs';

const page = path.join(root, 'docs/wire/mcp.md');
const block = /<!-- run(?:: until "(.*?)", then "(.*?)")? -->\n```sh\n([^]*?)```\n<!-- output -->\n```http\n([^]*?)```/g;

// What the commands after an answer may use of it.
const remembered = [
  ['SESSION', /^mcp-session-id: (\S+)/gim],
  ['LAST', /^id: (\S+)/gm],
  ['STATE', /"requestState":"([^"]+)"/g],
];
const differs = [
  [/^(mcp-session-id|content-length|date): .*$/gim, '$1: …'],
  [/"(requestState|nextCursor)":"[^"]+"/g, '"$1":"…"'],
  [/"(tool_call_id|task_id|session_id|action_id|observation_id)":"[^"]+"/g, '"$1":"…"'],
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '…'],
];
const masked = (output) => differs.reduce((text, [from, to]) => text.replace(from, to), output.replaceAll('\r', '')).trimEnd();

test('[M13] docs/wire/mcp.md shows what is said on the wire', { timeout: 60_000 * slow }, async (t) => {
  const text = fs.readFileSync(page, 'utf8');
  const [, define] = /<!-- define -->\n```sh\n([^]*?)```/.exec(text);
  const fixture = await startFixture(t, ['--page-size', '2']);
  const env = plainEnv({ MCP: `${fixture.url}/mcp` });
  const steps = [...text.matchAll(block)].map(([, first, last, command, shown]) =>
    ({ first, last, command, shown: shown.trimEnd() }));
  assert.ok(steps.length > 12, 'the page has commands');
  for (const step of steps) {
    const child = spawn('bash', ['-c', define + step.command], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    step.output = '';
    const take = (bytes) => {
      step.output += bytes;
      for (const [name, found] of remembered) env[name] = [...step.output.matchAll(found)].at(-1)?.[1] ?? env[name] ?? '';
    };
    child.stdout.setEncoding('utf8').on('data', take);
    // Letter by letter, as curl writes it; (23) is that `head` has left.
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (bytes) => { errors += bytes; });
    child.on('close', () => take(errors.replace(/^curl: \(23\).*\n?/gm, '')));
    later(t, () => child.kill('SIGKILL'));
    if (!step.first) await once(child, 'close');
    else await until(`'${step.first}' from ${step.command}`, () => step.output.includes(step.first));
  }
  for (const step of steps.filter(({ last }) => last))
    await until(`'${step.last}' from ${step.command}`, () => new RegExp(`${step.last}.*\n\n`).test(step.output.replaceAll('\r', '')));
  if (process.argv.includes('--write')) {
    const each = steps[Symbol.iterator]();
    fs.writeFileSync(page, text.replace(block, (all) => {
      const { output } = each.next().value;
      return all.replace(/```http\n[^]*?```$/, () => `\`\`\`http\n${masked(output)}\n\`\`\``);
    }));
    return;
  }
  for (const step of steps) assert.equal(masked(step.output), step.shown, step.command);
});
