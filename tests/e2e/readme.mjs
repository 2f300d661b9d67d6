// The commands of README.md do what it says, in its order, on one server
// (documented.mjs):
//   <!-- run -->                        runs to its end, and must end with 0
//   <!-- run: 2 s -->                   is stopped after so long: it would go on for ever
//   <!-- run: background, until "x" --> keeps running from when it has printed x

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import test from 'node:test';
import { matches, stepsOf } from './documented.mjs';
import { binary, freePort, later, plainEnv, root, scratch, slow, until } from './support.mjs';

const steps = stepsOf('README.md');

function start(t, command, { cwd, env }) {
  const child = spawn('bash', ['-c', command], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  child.out = '';
  child.err = '';
  child.stdout.setEncoding('utf8').on('data', (text) => { child.out += text; });
  child.stderr.setEncoding('utf8').on('data', (text) => { child.err += text; });
  child.on('close', (code) => { child.code = code; });
  later(t, async () => {
    if (child.code === undefined) { try { process.kill(-child.pid, 'SIGTERM'); } catch { /* just ended */ } }
    await until(`the end of ${command}`, () => child.code !== undefined, 20_000);
  });
  return child;
}

test('[J8] every command of README.md does what it says', { timeout: 100_000 * slow }, async (t) => {
  assert.ok(steps.length >= 4, 'README.md has commands to run');
  const port = await freePort();
  const dir = scratch(t);
  const env = plainEnv({ MCP_PORT: String(port), DEVS_BINARY: binary, DEVS_TRACE_DIR: dir });
  for (const { command, how, output } of steps) {
    await t.test(command, async () => {
      const real = command.replaceAll('3100', port).replaceAll('build/release/orchestrator/mcp-orchestrator', binary)
        .replace(/^(\S*mcp-orchestrator) call (.*)$/m, `$1 call $2 --url http://127.0.0.1:${port}`);
      const child = start(t, real, { cwd: root, env });
      const [, needle] = /until "(.*)"/.exec(how) ?? [];
      const [, seconds] = /^(\d+) s$/.exec(how) ?? [];
      if (needle) {
        await until(`'${needle}' from ${command}`, () => {
          assert.equal(child.code, undefined, `${command} ended:\n${child.out}${child.err}`);
          return child.out.includes(needle);
        }, 60_000);
      } else if (seconds) {
        await until(`the output of ${command}`, () => matches(child.out, output), 1000 * seconds)
          .catch(() => assert.fail(`${command} printed:\n${child.out}\ninstead of:\n${output}`));
      } else {
        await until(`the end of ${command}`, () => child.code !== undefined, 30_000);
        assert.equal(child.code, 0, child.out + child.err);
        if (output !== null) assert.ok(matches(child.out, output), `${command} printed:\n${child.out}\ninstead of:\n${output}`);
      }
    });
  }
});

test('the comparison of outputs can fail', () => {
  assert.ok(matches('a 1\nb\nc\n', 'a …\n…\nc\n'));
  assert.ok(!matches('a 1\nb\n', 'a 2\nb\n'));
  assert.ok(!matches('a\nb\n', 'a\n'));
});
