// Debates and channels: `/api/debates/{debateId}/...`, `/api/channels/{name}/{id}/...`.
// They differ in the name of the member that holds the id: `debateId` or `id`.
//
// The `data` of an event is what its publisher sent, byte for byte; it may hold more.

import type { EventId, IsoTime, JsonObject } from './wire.js';

type IdMember = 'debateId' | 'id';
type Of<Id extends IdMember> = { [Member in Id]: string };
type MaybeOf<Id extends IdMember> = { [Member in Id]?: string };
/** Milliseconds or text: the publisher's. */
type Stamp = number | string;

export type ChannelStatus = 'live' | 'paused' | 'completed';
export type InterventionType =
  | 'question'
  | 'challenge'
  | 'evidence_injection'
  | 'pause_request'
  | 'clarification_request';

export interface Utterance {
  id: string | number;
  timestamp: Stamp;
  phase: string;
  speaker: string;
  content: string;
  debateId?: string;
  timestampMs?: number;
  turnNumber?: number;
  metadata?: JsonObject;
}
export interface InterventionSubmitted {
  interventionId: string;
  debateId?: string;
  id?: string;
  type: InterventionType;
  content?: string;
  directedTo: string | null;
  timestampMs: number;
}
export interface InterventionResponse {
  interventionId: string;
  debateId?: string;
  id?: string;
  speaker: string;
  response: string;
  timestampMs: number;
}
export type PhaseTransition<Id extends IdMember> = MaybeOf<Id> & {
  phase: string;
  timestamp: Stamp;
  fromPhase?: string;
  toPhase?: string;
};
export type ChannelPause<Id extends IdMember> = Of<Id> & { reason?: string; timestamp: Stamp };
export type ChannelResume<Id extends IdMember> = Of<Id> & { timestamp: Stamp };
/** Then the server ends the stream. */
export type ChannelComplete<Id extends IdMember> = Of<Id> & {
  totalDurationMs: number;
  finalPhase: string;
  timestamp: Stamp;
};
/** Something went wrong in the debate; the stream goes on. */
export type ChannelError<Id extends IdMember> = Of<Id> & {
  error: string;
  code?: string;
  timestamp: Stamp;
};

// `?lastTurnNumber=N`: after `connected`, before what is live.
export type CatchupStart<Id extends IdMember> = Of<Id> & {
  missedTurnCount: number;
  fromTurnNumber: number;
  toTurnNumber: number;
};
export type CatchupUtterance = Utterance & { isCatchup: true };
export type CatchupComplete<Id extends IdMember> = Of<Id> & {
  utterancesSent: number;
  currentPhase: string;
  debateStatus: ChannelStatus;
};

interface EventsOf<Id extends IdMember> {
  utterance: Utterance;
  phase_transition: PhaseTransition<Id>;
  intervention_submitted: InterventionSubmitted;
  intervention_response: InterventionResponse;
  pause: ChannelPause<Id>;
  resume: ChannelResume<Id>;
  complete: ChannelComplete<Id>;
  error: ChannelError<Id>;
  catchup_start: CatchupStart<Id>;
  catchup_utterance: CatchupUtterance;
  catchup_complete: CatchupComplete<Id>;
}

/** `GET /api/debates/{debateId}/stream` */
export interface DebateEvents extends EventsOf<'debateId'> {
  connected: DebateConnected;
}
export interface DebateConnected {
  clientId: string;
  debateId: string;
}
/** `GET /api/channels/{name}/{id}/stream`; events of your own: `ChannelEvents & { step: Step }`. */
export interface ChannelEvents extends EventsOf<'id'> {
  connected: ChannelConnected;
}
export interface ChannelConnected {
  clientId: string;
  channel: string;
  id: string;
}

/** With `?framing=message` every event comes as this, on `message`. */
export type ChannelMessage<Events> = {
  [Name in keyof Events]: {
    event: Name;
    data: Name extends 'connected' ? Events[Name] & { message: string } : Events[Name];
    /** Milliseconds since 1970. */
    timestamp: number;
    /** Empty for what is no entry. */
    id: EventId | '';
  };
}[keyof Events];

// --- answers; of a channel with `id` where a debate has `debateId`

/** 201 of `POST /api/debates` */
export interface DebateCreated {
  debateId: string;
  status: 'live';
  streamUrl: string;
}
/** `GET /api/debates/{debateId}` */
export interface DebateState {
  debateId: string;
  status: ChannelStatus;
  phase: string;
  turn: number;
  clients: number;
  createdAt: IsoTime;
  lastId: EventId;
}
/** 201 of `POST .../events` */
export interface EventAccepted {
  id: EventId;
}
/** `POST .../pause` */
export interface DebatePaused {
  status: 'paused';
  debateId: string;
  pausedAt: IsoTime;
}
/** `POST .../resume` */
export interface DebateResumed {
  status: 'live';
  debateId: string;
  resumedAt: IsoTime;
}
/** 201 of `POST .../interventions` */
export interface InterventionQueued {
  interventionId: string;
  status: 'queued';
  message: string;
}
/** `GET .../utterances` */
export interface UtterancesPage {
  utterances: Utterance[];
  total: number;
  offset: number;
  limit: number;
}
/** `GET .../transcript` */
export interface Transcript {
  debateId: string;
  status: ChannelStatus;
  phases: string[];
  utterances: Utterance[];
  /** There was more than one answer holds. */
  truncated?: true;
}
