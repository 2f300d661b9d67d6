// One connection for all tabs of a browser: who holds the lock streams, the others get from it
// what it got. Silence for six seconds, and the lock is taken from it.

import { parseId } from '../core/event_id.ts';
import type { Connection, EventId } from '../core/protocol.ts';
import type { SseFrame } from '../core/sse.ts';
import type { Applied } from './applied.ts';
import type { Clock } from './clock.ts';
import { pack, unpack, type Pack } from './packs.ts';

const kTickMs = 500;
const kBeatTicks = 4;
const kSilentTicks = 12;
/** Two who lost their leader do not reach for the lock at once. */
const kStaggerTicks = 3;
/** Of a tab that says nothing any more. */
const kGoneMs = 7_000;
const kFillRows = 2000;

export type Role = Connection['role'];

type Said =
  | { say: 'hello'; from: string; lastId: EventId }
  | { say: 'here'; from: string }
  | { say: 'beat'; from: string; term: number; tabs: number; connection: Connection }
  | { say: 'pack'; from: string; term: number; after: EventId; pack: Pack }
  /** `hole`: what `to` has ends before what is here begins. */
  | { say: 'fill'; from: string; term: number; to: string; hole: EventId; pack: Pack; last: boolean; lastId: EventId }
  | { say: 'do'; what: 'reconnect' };

export interface FamilyPorts {
  name: string;
  hasLocks: boolean;
  clock: Clock;
  applied: Applied;
  /** Of the own stream. */
  connection(): Connection;
  lead(): void;
  /** Before anything else. */
  follow(): void;
  reconnect(): void;
  /** What no tab has any more, from the server. */
  fetch(from: EventId, to: EventId): Promise<void>;
  changed(): void;
}

export class Family {
  role: Role;
  /** What the leader says of its stream. */
  told: Connection | null = null;
  readonly #ports: FamilyPorts;
  readonly #tab = crypto.getRandomValues(new Uint32Array(3)).join('-');
  readonly #channel: BroadcastChannel;
  readonly #seen = new Map<string, number>();
  #cancelTick: () => void = () => {};
  #ticks = 0;
  #silentTicks = 0;
  /** Grows with each leader. */
  #term = 0;
  #leader = '';
  #inStep = false;
  #asked = false;
  #order: Promise<void> = Promise.resolve();
  #leaveLock: () => void = () => {};
  #left = false;
  #shownState = '';

  constructor(ports: FamilyPorts) {
    this.#ports = ports;
    this.role = ports.hasLocks ? 'follower' : 'alone';
    this.#channel = new BroadcastChannel(ports.name);
    this.#channel.onmessage = ({ data }: MessageEvent<Said>) => this.#hear(data);
    this.#tick();
    if (this.role === 'alone') ports.lead();
    else {
      void this.#reach(false);
      this.#hello();
    }
  }

  get tabs(): number {
    return this.role === 'follower' ? this.#toldTabs : this.#seen.size + 1;
  }
  #toldTabs = 1;

  takeOver(): void {
    if (this.role === 'follower') void this.#reach(true);
  }
  tellLeader(what: 'reconnect'): void {
    this.#post({ say: 'do', what });
  }
  /** Live is off in this tab. */
  leave(): void {
    this.#left = true;
    this.#cancelTick();
    this.#channel.close();
    this.#leaveLock();
  }
  /** Of the own stream, to those who follow; `after`: the resume point before. */
  passOn(frames: readonly SseFrame[], after: EventId): void {
    if (this.role === 'leader' && this.#seen.size > 0)
      this.#post({ say: 'pack', from: this.#tab, term: this.#term, after, pack: pack(frames) });
  }
  /** The own stream has another state. */
  streamChanged(): void {
    const { state } = this.#ports.connection();
    if (this.role !== 'leader' || state === this.#shownState) return;
    this.#beat();
  }

  #post(said: Said): void {
    if (!this.#left) this.#channel.postMessage(said);
  }
  #hello(): void {
    this.#asked = true;
    this.#post({ say: 'hello', from: this.#tab, lastId: this.#ports.applied.lastId });
  }
  #beat(): void {
    const connection = this.#ports.connection();
    this.#shownState = connection.state;
    this.#post({ say: 'beat', from: this.#tab, term: this.#term, tabs: this.tabs, connection });
  }

  #tick(): void {
    this.#cancelTick = this.#ports.clock.after(kTickMs, () => {
      this.#tick();
      const beats = ++this.#ticks % kBeatTicks === 0;
      if (this.role === 'follower') {
        const stagger = (this.#tab.charCodeAt(0) % kStaggerTicks);
        if (++this.#silentTicks === kSilentTicks + stagger) void this.#reach(true);
        return;
      }
      if (!beats) return;
      const now = this.#ports.clock.now();
      const before = this.#seen.size;
      for (const [tab, at] of this.#seen) if (now - at > kGoneMs) this.#seen.delete(tab);
      if (this.#seen.size !== before) this.#ports.changed();
      if (this.role === 'leader') this.#beat();
      else this.#post({ say: 'here', from: this.#tab });
    });
  }

  /** Waits for the lock and leads for as long as it is held; `steal` does not wait. */
  async #reach(steal: boolean): Promise<void> {
    this.#leaveLock();
    this.#silentTicks = 0;
    const waiting = new AbortController();
    let release = (): void => {};
    let mine = true;
    this.#leaveLock = () => {
      mine = false;
      waiting.abort();
      release();
    };
    await navigator.locks.request(this.#ports.name, steal ? { steal: true } : { signal: waiting.signal }, () => {
      if (!mine) return;
      const held = new Promise<void>((resolve) => { release = resolve; });
      this.role = 'leader';
      this.#term = Math.max(this.#term + 1, this.#ports.clock.now());
      this.#leader = this.#tab;
      this.told = null;
      this.#seen.clear();
      this.#ports.lead();
      this.#beat();
      return held;
    }).catch(() => {});
    // Robbed, for as long as nobody here let go of it.
    if (mine) this.#fallBack();
  }
  #fallBack(): void {
    if (this.role !== 'leader') return;
    this.#ports.follow();
    this.role = 'follower';
    this.#inStep = false;
    this.#silentTicks = 0;
    void this.#reach(false);
    this.#hello();
    this.#ports.changed();
  }

  #hear(said: Said): void {
    switch (said.say) {
      case 'here': return this.#saw(said.from);
      case 'hello':
        this.#saw(said.from);
        if (this.role !== 'leader') return;
        this.#fill(said.from, said.lastId);
        // Behind it: a beat before it would be asked for a second one.
        return this.#beat();
      case 'do':
        if (this.role === 'leader') this.#ports.reconnect();
        return;
    }
    if (said.term < this.#term) return;
    if (said.from !== this.#leader) this.#newLeader(said.from, said.term);
    if (this.role !== 'follower') return;
    this.#silentTicks = 0;
    if (said.say === 'beat') {
      this.told = said.connection;
      this.#toldTabs = said.tabs;
      this.#post({ say: 'here', from: this.#tab });
      this.#inOrder(() => this.#catchUp(said.connection.lastId));
      this.#ports.changed();
    } else if (said.say === 'pack') {
      this.#inOrder(() => this.#takePack(said));
    } else if (said.to === this.#tab) {
      this.#inOrder(() => this.#takeFill(said));
    }
  }
  /** A pack may take a moment to read; what comes behind it waits. */
  #inOrder(run: () => Promise<void> | void): void {
    this.#order = this.#order.then(run).catch(() => { this.#inStep = false; });
  }
  #saw(tab: string): void {
    const isNew = !this.#seen.has(tab);
    this.#seen.set(tab, this.#ports.clock.now());
    if (isNew) this.#ports.changed();
  }
  #newLeader(leader: string, term: number): void {
    this.#leader = leader;
    this.#term = term;
    if (this.role === 'leader') {
      // Somebody has taken the lock while this tab was out.
      this.#leaveLock();
      return this.#fallBack();
    }
    this.#asked = false;
  }
  /** A question that nobody answered is asked again with the beat after the next. */
  #catchUp(lastId: EventId): void {
    if (this.#missing(lastId)) this.#inStep = false;
    if (!this.#inStep && !this.#asked) this.#hello();
    else this.#asked = false;
  }
  #missing(theirId: EventId): boolean {
    const theirs = parseId(theirId), mine = parseId(this.#ports.applied.lastId);
    return theirs ? mine?.epoch !== theirs.epoch || mine.sequence < theirs.sequence : mine !== null;
  }

  #fill(to: string, lastId: EventId): void {
    const { ingest } = this.#ports.applied;
    const here = parseId(ingest.firstId), there = parseId(lastId);
    const hole = here && there && here.epoch === there.epoch && there.sequence + 1 < here.sequence && !ingest.has(lastId);
    let at = here && there?.epoch === here.epoch ? lastId : '';
    for (let last = false; !last;) {
      // Marks without an id cannot be told from those had already.
      const frames = ingest.since(at, kFillRows).filter(({ id }) => id !== '' || lastId === '');
      const next = frames.findLast(({ id }) => id !== '')?.id ?? at;
      last = next === at;
      const packed = pack(frames.map(({ id, event, body }) => ({ id: id === '' ? null : id, name: event, data: body })));
      this.#post({ say: 'fill', from: this.#tab, term: this.#term, to, hole: hole ? ingest.firstId : '', lastId: this.#ports.applied.lastId, last,
        pack: { ...packed, bytes: new Blob([packed.bytes]) } });
      at = next;
    }
  }

  async #takeFill({ hole, pack: packed, last, lastId }: Extract<Said, { say: 'fill' }>): Promise<void> {
    const { applied } = this.#ports;
    if (this.#inStep) return;
    const first = parseId(hole), had = parseId(applied.lastId);
    if (first && had && first.epoch === had.epoch && had.sequence < first.sequence - 1)
      await this.#ports.fetch(applied.lastId, hole).catch(() => {});
    applied.take(await unpack(packed));
    if (last) {
      applied.take([{ id: lastId || null, name: '', data: null }]);
      this.#inStep = true;
      this.#asked = false;
    }
    this.#ports.changed();
  }

  async #takePack({ after, pack: packed }: Extract<Said, { say: 'pack' }>): Promise<void> {
    if (!this.#inStep || this.role !== 'follower') return;
    if (this.#missing(after)) {
      this.#inStep = false;
      return this.#hello();
    }
    this.#ports.applied.take(await unpack(packed));
    this.#ports.changed();
  }
}
