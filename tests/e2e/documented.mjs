// Pages whose commands a test runs.
//
// A ```sh block runs when the line before it is `<!-- run -->` or `<!-- run: how -->`; what
// `how` may say is up to the test of the page.  A block after `<!-- output -->` is what
// the command before it prints; `…` stands for anything within a line, and alone on a
// line for any lines.

import fs from 'node:fs';
import path from 'node:path';
import { root } from './support.mjs';

// [{command, how, output}] of a page, in its order; output is null when none is shown.
export function stepsOf(page) {
  const block = /<!-- (run|output)(?:: (.*?))? -->\n```\w*\n([^]*?)```/g;
  const steps = [];
  for (const [, kind, how = '', text] of fs.readFileSync(path.join(root, page), 'utf8').matchAll(block)) {
    if (kind === 'run') steps.push({ command: text.trim(), how, output: null });
    else steps.at(-1).output = text;
  }
  return steps;
}

export function matches(output, wanted) {
  const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const lines = wanted.trimEnd().split('\n').map((line) =>
    line === '…' ? '(?:.*\n)*' : `${line.split('…').map(escape).join('.*')}\n`);
  return new RegExp(`^${lines.join('')}$`).test(`${output.trimEnd()}\n`);
}
