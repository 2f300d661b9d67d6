import assert from 'node:assert/strict';
import test from 'node:test';
import { addTo, keepPresets, kMaxName, kMaxPresets, loadPresets, moveIn, readPresets, type Preset } from '../../src/page/presets.ts';

const named = (...names: string[]): Preset[] => names.map((name) => ({ name, filter: `task:${name}` }));
const kept = (text: string | null) => {
  const store = new Map(text === null ? [] : [['trace-filter-presets', text]]);
  Object.defineProperty(globalThis, 'localStorage', { configurable: true, value: {
    getItem: (key: string) => store.get(key) ?? null,
    setItem: (key: string, value: string) => void store.set(key, value),
  } });
  return store;
};

test('[E22] at most 50 presets, of 40 characters; the same name takes the place of the old one', () => {
  const presets: Preset[] = [];
  for (let n = 0; n < kMaxPresets; ++n) assert.ok(addTo(presets, { name: `n${n}`, filter: 'type:action' }));
  assert.ok(!addTo(presets, { name: 'one more', filter: '' }));
  assert.ok(addTo(presets, { name: 'n7', filter: 'type:thought' }));
  assert.deepEqual([presets.length, presets[7]], [kMaxPresets, { name: 'n7', filter: 'type:thought' }]);
  const few: Preset[] = [];
  assert.ok(addTo(few, { name: `  ${'x'.repeat(100)}`, filter: '' }));
  assert.equal(few[0]!.name.length, kMaxName);
  assert.ok(!addTo(few, { name: '  ', filter: '' }));
});

test('[E22] presets move up and down and not beyond the ends', () => {
  const order = (at: number, by: number) => moveIn(named('a', 'b', 'c'), at, by).map(({ name }) => name).join('');
  assert.deepEqual([order(0, 1), order(2, -1), order(0, -1), order(2, 1), order(0, 2)], ['bac', 'acb', 'abc', 'abc', 'bca']);
});

test('[E22] what was kept comes back; what nobody can read is told from nothing at all', () => {
  const store = kept(null);
  assert.deepEqual(loadPresets(), []);
  assert.ok(keepPresets(named('a')));
  assert.deepEqual([loadPresets(), [...store.keys()]], [named('a'), ['trace-filter-presets']]);
  for (const text of ['{"no":', '7', '{"name":"a"}']) {
    kept(text);
    assert.equal(loadPresets(), null, text);
  }
  Object.defineProperty(globalThis, 'localStorage', { configurable: true, get() { throw new Error('SecurityError'); } });
  assert.deepEqual([loadPresets(), keepPresets(named('a'))], [null, false]);
});

test('[E22] of a list from elsewhere the presets are taken and the rest is left', () => {
  assert.deepEqual(readPresets([{ name: 'a', filter: 'task:a' }, { name: 5, filter: 'x' }, null, 'x', { name: 'b' }]), named('a'));
  assert.equal(readPresets({ name: 'a', filter: 'x' }), null);
});
