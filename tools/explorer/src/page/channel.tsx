// A channel (a debate, a room) as it is spoken: its whole past, then what is said now, on one
// stream that is open while the view is looked at.

import { useEffect, useState } from 'preact/hooks';
import { kNoStory, tell, type ChannelLine, type ChannelStory } from '../core/channel_story.ts';
import { SseScanner } from '../core/sse.ts';
import { clock, counted, duration } from '../core/units.ts';
import { Icon } from './icons.tsx';
import { LongText } from './json_view.tsx';
import { rest, restJson } from './rest.ts';
import { route } from './route.ts';
import { SafeText } from './safe_text.tsx';
import { now, settings } from './state.ts';

const kAgainMs = 2000;

interface Told {
  story: ChannelStory;
  /** Speeches there were when the stream was opened. */
  of: number;
  caughtUp: boolean;
  trouble: string;
}
const kNothing: Told = { story: kNoStory, of: 0, caughtUp: false, trouble: '' };

function useChannel(address: string): Told {
  const [told, setTold] = useState<Told>(kNothing);
  useEffect(() => {
    let story = kNoStory, lastId = 'earliest', head = '', of = 0, timer = 0;
    let stop: AbortController | null = null;
    const utf8 = new TextDecoder();
    const sequence = (id: string) => Number(id.split('-')[1] ?? 0);
    const show = (trouble = '') => setTold({ story, of, caughtUp: head === '' || sequence(lastId) >= sequence(head), trouble });
    const scannerOf = () => new SseScanner({
      frame({ id, name, data }) {
        if (id !== null) lastId = id;
        if (data === null) return;
        if (name === 'reset') story = kNoStory;
        try {
          const value = JSON.parse(utf8.decode(data)) as unknown;
          if (typeof value === 'object' && value !== null) story = tell(story, id ?? '', name, value as Record<string, unknown>);
        } catch { /* not an event of a channel */ }
      },
      retry() { /* ours is steady */ },
    });
    const follow = async (): Promise<void> => {
      stop = new AbortController();
      const { signal } = stop;
      try {
        const { turn, lastId: newest } = await restJson<{ turn: number; lastId: string }>(address, { signal });
        [of, head] = [turn, newest ?? ''];
        const answer = await rest(`${address}/stream?lastEventId=${encodeURIComponent(lastId)}`, { signal });
        show();
        if (answer.status === 204 || answer.body === null) return;
        const scanner = scannerOf();
        for (const reader = answer.body.getReader(); ;) {
          const { done, value } = await reader.read();
          if (done) break;
          scanner.push(value);
          show();
        }
      } catch (error) {
        if (signal.aborted) return;
        show(error instanceof Error ? error.message : String(error));
      }
      if (story.status !== 'completed') timer = window.setTimeout(() => void follow(), kAgainMs);
    };
    const leave = () => { clearTimeout(timer); stop?.abort(); };
    const looked = () => { leave(); if (!document.hidden && story.status !== 'completed') void follow(); };
    setTold(kNothing);
    looked();
    document.addEventListener('visibilitychange', looked);
    return () => { document.removeEventListener('visibilitychange', looked); leave(); };
  }, [address]);
  return told;
}

export function ChannelView() {
  const [name = '', id = ''] = route.value.path;
  const { story, of, caughtUp, trouble } = useChannel(`api/channels/${encodeURIComponent(name)}/${encodeURIComponent(id)}`);
  const status = ({ live: 'running', paused: 'none', completed: 'ok' } as const)[story.status];
  return (
    <div class="channel">
      <header class="bar trace-head">
        <h1><SafeText text={name} /> <SafeText text={id} /></h1>
        <span class="status" data-status={status}><Icon name={story.status === 'paused' ? 'pause' : status} />{story.status}</span>
        {story.phase !== '' && <span>phase <b><SafeText text={story.phase} /></b></span>}
        <span>{counted(story.speeches, 'turn')}{story.totalMs !== null && `, ${duration(story.totalMs)} in all`}</span>
        <span class="grow" />
        <span role="status">{!caughtUp && trouble === '' && `receiving ${story.speeches} of ${of}`}</span>
      </header>
      {trouble !== '' && <p class="why warn" role="status"><Icon name="warning" /> <SafeText text={trouble} />; it is tried again each {kAgainMs / 1000} s</p>}
      <div class="turns" role="log" aria-label="What is said" tabIndex={0} aria-live="off">
        {story.lines.map((line) => <Line key={`${line.id} ${line.is}`} line={line} />)}
        {story.lines.length === 0 && trouble === '' && <p class="empty">Nothing has been said yet. It appears here as it is said.</p>}
      </div>
    </div>
  );
}

function Line({ line }: { line: ChannelLine }) {
  const when = line.atMs > 0 && <span class="muted">{clock(line.atMs, settings.value.times, now.peek())}</span>;
  switch (line.is) {
    case 'phase': return <h2 class="phase"><SafeText text={line.phase} /></h2>;
    case 'mark': return <p class="channel-mark muted"><SafeText text={line.words} /> {when}</p>;
    case 'speech': return (
      <article class="panel turn"><header><h3>{line.n}. <SafeText text={line.speaker} /></h3><span class="grow" />{when}</header>
        <p class="keep"><LongText text={line.text} /></p></article>
    );
    case 'question': return (
      <article class="panel turn" data-kind="hitl"><header><h3><Icon name="help" /> <SafeText text={line.type.replaceAll('_', ' ') || 'answer'} />{line.to !== '' && <> to <SafeText text={line.to} /></>}</h3><span class="grow" />{when}</header>
        {line.text !== '' && <p class="keep"><LongText text={line.text} /></p>}
        {line.answers.map((answer, n) => <p key={n} class="keep answer"><b><SafeText text={answer.speaker} /></b> <LongText text={answer.text} /></p>)}
        {line.answers.length === 0 && <p class="muted">no answer yet</p>}
      </article>
    );
  }
}
