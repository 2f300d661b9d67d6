// E57: text is readable and marks are seen, in both themes, wherever the page puts one colour on
// another. The colours are read from style.css; those of the graph are made (graph_colours.ts).

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fillOf, kDimmed, ringOf } from '../../src/page/graph_colours.ts';

type Rgb = readonly [number, number, number];
const kThemes = ['light', 'dark'] as const;
const kText = 4.5, kMark = 3;

function rgbOf(hex: string): Rgb {
  const digits = hex.length === 4 ? [...hex.slice(1)].map((digit) => digit + digit).join('') : hex.slice(1);
  return [0, 2, 4].map((at) => parseInt(digits.slice(at, at + 2), 16)) as unknown as Rgb;
}
function rgbOfHsl(text: string): Rgb {
  const [hue, saturation, light] = /^hsl\((\S+) (\S+)% (\S+)%\)$/.exec(text)!.slice(1).map(Number) as [number, number, number];
  const reach = (saturation / 100) * Math.min(light / 100, 1 - light / 100);
  return [0, 8, 4].map((n) => {
    const k = (n + hue / 30) % 12;
    return 255 * (light / 100 - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
  }) as unknown as Rgb;
}
const luminance = (colour: Rgb): number => {
  const [r, g, b] = colour.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
function contrast(one: Rgb, other: Rgb): number {
  const [less, more] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (more + 0.05) / (less + 0.05);
}
const over = (top: Rgb, under: Rgb, alpha: number): Rgb => top.map((value, n) => value * alpha + under[n]! * (1 - alpha)) as unknown as Rgb;

const css = fs.readFileSync(path.join(import.meta.dirname, '../../src/page/style.css'), 'utf8');
const pairOf = (text: string): Record<(typeof kThemes)[number], Rgb> => {
  const [, light, dark] = /light-dark\((#\w+), (#\w+)\)/.exec(text)!;
  return { light: rgbOf(light!), dark: rgbOf(dark!) };
};
const tokens = new Map([...css.matchAll(/^ {2}--([\w-]+): (light-dark\(#\w+, #\w+\));$/gm)].map(([, name, value]) => [name!, pairOf(value!)]));

const kGrounds = ['bg', 'raised', 'hover', 'chosen'];
const kKinds = ['thought', 'action', 'observation', 'other'];
/** What is written or drawn, and on what. */
const kPairs: readonly [of: readonly string[], on: readonly string[], least: number][] = [
  [['text', 'muted', 'link', 'error', 'warn', 'ok', ...kKinds], kGrounds, kText],
  // A failed row of a trace, what failed on its top, a message of an error.
  [['text', 'muted', 'link', 'error', ...kKinds], ['error-fill'], kText],
  [['warn', 'text', 'muted', 'link'], ['warn-fill'], kText],
  // A new row, a found text.
  [['text', 'link', 'error', 'ok', 'action'], ['glow'], kText],
  // Names in the bars of the waterfall, letters of types.
  [['text'], kKinds.map((kind) => `${kind}-fill`), kText],
  ...kKinds.map((kind) => [[kind], [`${kind}-fill`], kText] as const),
  // Frames of controls and types, bars, thoughts, lines of charts, edges of the graph, what is chosen.
  [['edge-of-control'], ['bg', 'raised'], kMark],
  [['error', 'link', 'ok', 'warn', 'muted', 'other', 'thought-edge', 'action-edge', 'observation-edge'], kGrounds, kMark],
];

test('[E57] text has 4.5:1 and marks have 3:1 on every ground they stand on, in both themes', (t) => {
  const wrong: string[] = [];
  let pairs = 0, worst = Infinity;
  for (const [of, on, least] of kPairs) {
    for (const name of of) for (const ground of on) for (const theme of kThemes) {
      assert.ok(tokens.has(name) && tokens.has(ground), `no token ${tokens.has(name) ? ground : name}`);
      const found = contrast(tokens.get(name)![theme], tokens.get(ground)![theme]);
      pairs += 1;
      worst = Math.min(worst, found / least);
      if (found < least) wrong.push(`${name} on ${ground}, ${theme}: ${found.toFixed(2)}, at least ${least}`);
    }
  }
  t.diagnostic(`${pairs} pairs, the closest has ${(worst * 100).toFixed(0)} % of what it needs`);
  assert.deepEqual(wrong, []);
});

test('[E57] so do the filled buttons', () => {
  const filled = [...css.matchAll(/^(.*) \{.*background: (light-dark\(#\w+, #\w+\));(.*)\}$/gm)];
  assert.ok(filled.length >= 3);
  for (const [, selector, ground, rest] of filled) {
    const ink = /color: (light-dark\(#\w+, #\w+\))/.exec(rest!)?.[1] ?? 'light-dark(#fff, #14171c)';
    for (const theme of kThemes) assert.ok(contrast(pairOf(ink)[theme], pairOf(ground!)[theme]) >= kText, `${selector}, ${theme}`);
  }
});

test('[E57] the graph: letters on every hue, rings and edges on the ground, names that stand back', () => {
  for (const theme of kThemes) {
    const dark = theme === 'dark', [bg, text] = ['bg', 'text'].map((name) => tokens.get(name)![theme]) as [Rgb, Rgb];
    const servers = Array.from({ length: 60 }, (_, n) => `s${n}`);
    const least = { letter: Infinity, ring: Infinity };
    for (let n = 0; n < 360; ++n) least.letter = Math.min(least.letter, contrast(text, rgbOfHsl(fillOf(n, dark))));
    for (const server of servers) least.ring = Math.min(least.ring, contrast(bg, rgbOfHsl(ringOf(server, servers, dark))));
    assert.ok(least.letter >= kText, `letters, ${theme}: ${least.letter.toFixed(2)}`);
    assert.ok(least.ring >= kMark, `rings, ${theme}: ${least.ring.toFixed(2)}`);
    assert.ok(contrast(over(text, bg, kDimmed), bg) >= kText, `names that stand back, ${theme}`);
  }
});
