// What a channel's events tell, folded into what a person reads: speeches under their phases.

import type { EventId } from './protocol.ts';

export type ChannelLine =
  | { is: 'phase'; id: EventId; phase: string; atMs: number }
  | { is: 'speech'; id: EventId; n: number; speaker: string; phase: string; text: string; atMs: number }
  | { is: 'question'; id: EventId; key: string; type: string; to: string; text: string; atMs: number; answers: { speaker: string; text: string }[] }
  | { is: 'mark'; id: EventId; words: string; atMs: number };

export interface ChannelStory {
  lines: ChannelLine[];
  speeches: number;
  phase: string;
  status: 'live' | 'paused' | 'completed';
  /** Of a completed one; null: not said. */
  totalMs: number | null;
}

export const kNoStory: ChannelStory = { lines: [], speeches: 0, phase: '', status: 'live', totalMs: null };

type Data = Readonly<Record<string, unknown>>;
const text = (data: Data, name: string): string => {
  const value = Object.hasOwn(data, name) ? data[name] : undefined;
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
};
const time = (data: Data): number => {
  const value = data.timestampMs ?? data.timestamp;
  return typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) || 0 : 0;
};

/** The story with one event more. */
export function tell(story: ChannelStory, id: EventId, event: string, data: Data): ChannelStory {
  const atMs = time(data);
  const add = (...lines: ChannelLine[]): ChannelStory => ({ ...story, lines: [...story.lines, ...lines] });
  const phase = text(data, 'toPhase') || text(data, 'phase');
  switch (event) {
    case 'utterance': {
      const header: ChannelLine[] = phase !== '' && phase !== story.phase ? [{ is: 'phase', id, phase, atMs }] : [];
      const n = story.speeches + 1;
      return { ...add(...header, { is: 'speech', id, n, speaker: text(data, 'speaker'), phase, text: text(data, 'content'), atMs }), phase: phase || story.phase, speeches: n };
    }
    case 'phase_transition':
      return phase === story.phase ? story : { ...add({ is: 'phase', id, phase, atMs }), phase };
    case 'intervention_submitted': {
      const key = text(data, 'interventionId'), asked = { key, type: text(data, 'type'), to: text(data, 'directedTo'), text: text(data, 'content'), atMs };
      const isKnown = (line: ChannelLine): boolean => line.is === 'question' && line.key === key && key !== '';
      if (!story.lines.some(isKnown)) return add({ is: 'question', id, ...asked, answers: [] });
      return { ...story, lines: story.lines.map((line) => (isKnown(line) ? { ...line, ...asked } : line)) };
    }
    case 'intervention_response': {
      const answer = { speaker: text(data, 'speaker'), text: text(data, 'response') };
      const key = text(data, 'interventionId');
      if (!story.lines.some((line) => line.is === 'question' && line.key === key)) return add({ is: 'question', id, key, type: '', to: '', text: '', atMs, answers: [answer] });
      return { ...story, lines: story.lines.map((line) => (line.is === 'question' && line.key === key ? { ...line, answers: [...line.answers, answer] } : line)) };
    }
    case 'pause':
      return { ...add({ is: 'mark', id, words: text(data, 'reason') ? `paused: ${text(data, 'reason')}` : 'paused', atMs }), status: 'paused' };
    case 'resume':
      return { ...add({ is: 'mark', id, words: 'resumed', atMs }), status: 'live' };
    case 'complete':
      return { ...add({ is: 'mark', id, words: 'completed', atMs }), status: 'completed', phase: text(data, 'finalPhase') || story.phase, totalMs: typeof data.totalDurationMs === 'number' ? data.totalDurationMs : null };
    case 'connected': case 'goodbye':
      return story;
    default:
      return add({ is: 'mark', id, words: `${event}: ${event === 'error' ? text(data, 'error') : JSON.stringify(data)}`, atMs });
  }
}
