import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kNoStory, tell } from '../../src/core/channel_story.ts';

const told = (...events: [string, Record<string, unknown>][]) => events.reduce((story, [event, data], at) => tell(story, `e-${at}`, event, data), kNoStory);
const speech = (speaker: string, phase: string, content = 'x') => ['utterance', { id: '1', timestamp: 5, phase, speaker, content }] as [string, Record<string, unknown>];

test('[E36] speeches are numbered and stand under one header for each phase, however it was told', () => {
  const story = told(speech('pro', 'opening'), speech('con', 'opening'), ['phase_transition', { phase: 'closing', timestamp: 9 }], speech('pro', 'closing'));
  assert.deepEqual(story.lines.map((line) => (line.is === 'phase' ? line.phase : line.is === 'speech' ? `${line.n} ${line.speaker}` : line.is)), ['opening', '1 pro', '2 con', 'closing', '3 pro']);
  assert.deepEqual([story.speeches, story.phase, story.status], [3, 'closing', 'live']);
});

test('[E36] answers stand with what they answer, also those whose question is not here', () => {
  const story = told(['intervention_submitted', { interventionId: 'a', type: 'question', content: 'Milk?', directedTo: null }], speech('pro', 'p'),
    ['intervention_response', { interventionId: 'a', speaker: 'pro', response: 'Yes' }], ['intervention_response', { interventionId: 'b', speaker: 'con', response: 'No' }]);
  assert.deepEqual(story.lines.flatMap((line) => (line.is === 'question' ? [[line.text, line.answers.map((one) => one.text)]] : [])), [['Milk?', ['Yes']], ['', ['No']]]);
});

test('[E36] a question that comes after its answer takes its place with it', () => {
  const story = told(['intervention_response', { interventionId: 'a', speaker: 'pro', response: 'Yes' }], speech('pro', ''), ['intervention_submitted', { interventionId: 'a', type: 'question', content: 'Milk?', directedTo: 'pro' }]);
  assert.deepEqual(story.lines.map((line) => (line.is === 'question' ? [line.type, line.to, line.text, line.answers.length] : line.is)), [['question', 'pro', 'Milk?', 1], 'speech']);
});

test('[E36] pause, resume and the end with its time are marks; an error and unknown events are said', () => {
  const story = told(['pause', { reason: 'tea' }], ['resume', {}], ['error', { error: 'odd' }], ['score', { a: 1 }], ['complete', { totalDurationMs: 9000, finalPhase: 'end', timestamp: '2026-01-01T00:00:00Z' }]);
  assert.deepEqual(story.lines.map((line) => (line.is === 'mark' ? line.words : '')), ['paused: tea', 'resumed', 'error: odd', 'score: {"a":1}', 'completed']);
  assert.deepEqual([story.status, story.totalMs, story.phase, story.lines.at(-1)!.atMs], ['completed', 9000, 'end', Date.parse('2026-01-01T00:00:00Z')]);
});

test('[E65] members of any shape are told without harm', () => {
  const story = told(['utterance', { speaker: { x: 1 }, content: 7, phase: ['p'], timestamp: 'never' }], ['intervention_response', JSON.parse('{"__proto__":{"interventionId":"a"}}') as Record<string, unknown>]);
  assert.deepEqual(story.lines.map((line) => line.is), ['speech', 'question']);
});
