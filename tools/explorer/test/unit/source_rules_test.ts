// What no source of the page may hold, because trace text is hostile: ways to make markup or
// code of text, and addresses that are not our own.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

const kRules: readonly (readonly [RegExp, string, string])[] = [
  [/\b(?:inner|outer)HTML\b|\binsertAdjacentHTML\b/, 'markup made of text', 'node.innerHTML = text'],
  [/\bdangerouslySetInnerHTML\b/, 'markup made of text', '<p dangerouslySetInnerHTML={{ __html: text }} />'],
  [/\bdocument\.write(?:ln)?\b|\bcreateContextualFragment\b|\bDOMParser\b|\bsetHTMLUnsafe\b|\bsrcdoc\b/i, 'markup made of text', 'document.write(text)'],
  [/\beval\s*\(|\bnew\s+Function\b|\bset(?:Timeout|Interval)\s*\(\s*['"`]/, 'code made of text', 'eval(text)'],
  [/\bsetAttribute\w*\(\s*['"`](?:style|on\w+|href|src)/i, 'an attribute the policy or a reader cannot judge', "node.setAttribute('style', text)"],
  [/\sstyle=(?:["']|\{[`"'])/, 'a style that is text; use an object', '<p style="color: red" />'],
  [/\son[a-z]+=["']/, 'a handler made of text', '<p onclick="x()" />'],
  [/\bhref=\{(?!printRoute\(|`#\/)/, 'an address that does not come from the route', '<a href={row.url} />'],
  [/\bjavascript:/i, 'a script as an address', '<a href="javascript:x()" />'],
  [/\b(?:https?|wss?):\/\/(?!www\.w3\.org\/|opentelemetry\.io\/schemas\/)/, 'an absolute address (those two are names)', "fetch('https://elsewhere.example/')"],
  [/\bfetch\(\s*['"`]\//, 'an address that leaves the path prefix', "fetch('/health')"],
  [/\bdocument\.cookie\b/, 'a cookie', 'document.cookie = x'],
  [/\bimportScripts\b/, 'code from elsewhere', "importScripts('x.js')"],
];

function offences(name: string, text: string): string[] {
  const found: string[] = [];
  text.split('\n').forEach((line, index) => {
    if (/^\s*(?:\/\/|\*|\/\*)/.test(line)) return;
    for (const [rule, why] of kRules) if (rule.test(line)) found.push(`${name}:${index + 1}: ${why}: ${line.trim()}`);
  });
  return found;
}

const root = path.join(import.meta.dirname, '../../src');
const sources = fs.readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(?:ts|tsx|css)$/.test(entry.name))
  .map((entry) => path.join(entry.parentPath, entry.name));

test('[E65] [E53] no source makes markup, code or addresses of text', () => {
  assert.ok(sources.length > 30, 'the sources were found');
  const found = sources.flatMap((file) => offences(path.relative(root, file), fs.readFileSync(file, 'utf8')));
  assert.deepEqual(found, []);
});

test('[E65] each rule of the sources can fail', () => {
  for (const [rule, why, example] of kRules) assert.ok(offences('x.tsx', example).some((one) => one.includes(why)), `${rule} on ${example}`);
  assert.deepEqual(offences('x.tsx', '<a href={printRoute(to)} style={{ width: 1 }} onClick={go}>x</a>'), []);
});
