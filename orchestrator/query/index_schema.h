#pragma once

#include <cstdint>

namespace devs {

// The tables of `trace.db`.  Another number begins the index anew: it is built from the
// log, so there is nothing to migrate.
inline constexpr std::int64_t kIndexVersion = 3;

// Entries of one row of `times`.
inline constexpr std::uint64_t kTimeBlock = 1'024;

// Columns of an entry that may be absent are NULL, so that their indexes hold only
// those that have them.  Each index is of one column, so that it gives the entries of
// one value in log order (EntrySelection).  Clocks go back, sequences do not: `times` says
// which times a block of entries spans, and is small enough to be read whole.
//
// A row of `spans` is a row of the trace explorer (span.h): its columns by their names, but
// for what is long, `input_data` and `output_data`, stands the entry that said it.  Its key is
// the entry that opened it, `of` the key of its trace.  What a trace is as a whole follows from
// its spans by the triggers, whoever changes them.
inline constexpr const char* kIndexSchema = R"sql(
CREATE TABLE state(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  epoch TEXT NOT NULL,
  through INTEGER NOT NULL,
  tail INTEGER NOT NULL
);
CREATE TABLE entries(
  sequence INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  ts_ns INTEGER NOT NULL,
  stored_ms INTEGER NOT NULL,
  type TEXT NOT NULL,
  tool TEXT, status TEXT, agent TEXT, session TEXT, task TEXT, thread TEXT,
  tool_call_id TEXT, thought_id TEXT, source_thought_id TEXT,
  trace_id TEXT, span_id TEXT, parent_span_id TEXT,
  turn_index INTEGER,
  duration_ms REAL, slowness INTEGER,
  failed INTEGER NOT NULL,
  owner TEXT, topics TEXT
);
CREATE INDEX entries_by_type ON entries(type);
CREATE INDEX entries_by_tool ON entries(tool) WHERE tool IS NOT NULL;
CREATE INDEX entries_by_status ON entries(status) WHERE status IS NOT NULL;
CREATE INDEX entries_by_agent ON entries(agent) WHERE agent IS NOT NULL;
CREATE INDEX entries_by_session ON entries(session) WHERE session IS NOT NULL;
CREATE INDEX entries_by_task ON entries(task) WHERE task IS NOT NULL;
CREATE INDEX entries_by_slowness ON entries(slowness) WHERE slowness IS NOT NULL;
CREATE INDEX entries_by_owner ON entries(owner) WHERE owner IS NOT NULL;
CREATE TABLE times(block INTEGER PRIMARY KEY, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL);
CREATE TABLE losses(first INTEGER PRIMARY KEY, last INTEGER NOT NULL, reason TEXT NOT NULL);
CREATE VIRTUAL TABLE texts USING fts5(text, tokenize = "unicode61 remove_diacritics 2");
CREATE TABLE sessions(
  session TEXT NOT NULL, owner TEXT NOT NULL,
  first_sequence INTEGER NOT NULL, last_sequence INTEGER NOT NULL,
  first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,
  entries INTEGER NOT NULL, calls INTEGER NOT NULL, errors INTEGER NOT NULL,
  PRIMARY KEY (session, owner)
) WITHOUT ROWID;
CREATE TABLE session_agents(
  session TEXT NOT NULL, owner TEXT NOT NULL, agent TEXT NOT NULL,
  PRIMARY KEY (session, owner, agent)
) WITHOUT ROWID;
CREATE TABLE traces(
  key INTEGER PRIMARY KEY,
  owner TEXT NOT NULL, trace_id TEXT NOT NULL,
  started_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL,
  root INTEGER, root_rank INTEGER NOT NULL DEFAULT 9,
  spans INTEGER NOT NULL DEFAULT 0, running INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0, cancelled INTEGER NOT NULL DEFAULT 0,
  input_tokens INTEGER, output_tokens INTEGER, total_tokens INTEGER, cost_usd REAL,
  updated_at INTEGER,
  status TEXT AS (CASE WHEN running > 0 THEN 'running' WHEN failed > 0 THEN 'failed'
    WHEN cancelled = spans THEN 'cancelled' ELSE 'completed' END),
  duration_ms INTEGER AS (iif(running > 0, NULL, ended_ms - started_ms)),
  UNIQUE (trace_id, owner)
);
CREATE INDEX traces_by_start ON traces(started_ms);
CREATE INDEX traces_of_owner ON traces(owner, started_ms);
CREATE TABLE spans(
  key INTEGER PRIMARY KEY,
  of INTEGER NOT NULL, owner TEXT NOT NULL,
  last_sequence INTEGER NOT NULL, started_ms INTEGER NOT NULL, rank INTEGER NOT NULL,
  quality_score REAL,
  trace_id TEXT NOT NULL, id TEXT NOT NULL,
  operation_type TEXT, status TEXT, session_tag TEXT,
  span_name TEXT, model_name TEXT, model_provider TEXT,
  conversation_id TEXT, message_id TEXT, parent_trace_id TEXT, span_id TEXT,
  start_time INTEGER, end_time INTEGER, duration_ms REAL,
  input_tokens INTEGER, output_tokens INTEGER, total_tokens INTEGER, cost_usd REAL,
  ttft_ms REAL, tokens_per_second REAL,
  created_at INTEGER, updated_at INTEGER,
  input_data INTEGER, output_data INTEGER,
  error_type TEXT, metadata TEXT, error_message TEXT,
  UNIQUE (id, owner)
);
CREATE INDEX spans_of_trace ON spans(of, started_ms);
CREATE INDEX spans_by_type ON spans(operation_type, started_ms);
CREATE INDEX spans_of_owner ON spans(owner, operation_type, started_ms);
CREATE INDEX spans_by_conversation ON spans(conversation_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX spans_by_message ON spans(message_id) WHERE message_id IS NOT NULL;
CREATE TRIGGER span_added AFTER INSERT ON spans BEGIN
  UPDATE traces SET
    root = iif(new.rank < root_rank, new.key, root), root_rank = min(root_rank, new.rank),
    started_ms = min(started_ms, new.started_ms),
    ended_ms = max(ended_ms, new.started_ms, ifnull(new.end_time, 0)),
    spans = spans + 1, running = running + (new.status IS 'running'),
    failed = failed + (new.status IS 'failed'), cancelled = cancelled + (new.status IS 'cancelled'),
    input_tokens = iif(new.input_tokens IS NULL, input_tokens, ifnull(input_tokens, 0) + new.input_tokens),
    output_tokens = iif(new.output_tokens IS NULL, output_tokens, ifnull(output_tokens, 0) + new.output_tokens),
    total_tokens = iif(new.total_tokens IS NULL, total_tokens, ifnull(total_tokens, 0) + new.total_tokens),
    cost_usd = iif(new.cost_usd IS NULL, cost_usd, ifnull(cost_usd, 0) + new.cost_usd),
    updated_at = ifnull(new.updated_at, updated_at)
  WHERE key = new.of;
END;
CREATE TRIGGER span_changed AFTER UPDATE ON spans BEGIN
  UPDATE traces SET
    started_ms = min(started_ms, new.started_ms),
    ended_ms = max(ended_ms, new.started_ms, ifnull(new.end_time, 0)),
    running = running + (new.status IS 'running') - (old.status IS 'running'),
    failed = failed + (new.status IS 'failed') - (old.status IS 'failed'),
    cancelled = cancelled + (new.status IS 'cancelled') - (old.status IS 'cancelled'),
    input_tokens = iif(new.input_tokens IS old.input_tokens, input_tokens,
      ifnull(input_tokens, 0) + ifnull(new.input_tokens, 0) - ifnull(old.input_tokens, 0)),
    output_tokens = iif(new.output_tokens IS old.output_tokens, output_tokens,
      ifnull(output_tokens, 0) + ifnull(new.output_tokens, 0) - ifnull(old.output_tokens, 0)),
    total_tokens = iif(new.total_tokens IS old.total_tokens, total_tokens,
      ifnull(total_tokens, 0) + ifnull(new.total_tokens, 0) - ifnull(old.total_tokens, 0)),
    cost_usd = iif(new.cost_usd IS old.cost_usd, cost_usd,
      ifnull(cost_usd, 0) + ifnull(new.cost_usd, 0) - ifnull(old.cost_usd, 0)),
    updated_at = ifnull(new.updated_at, updated_at)
  WHERE key = new.of;
END;
CREATE TRIGGER span_gone AFTER DELETE ON spans BEGIN
  UPDATE traces SET
    spans = spans - 1, running = running - (old.status IS 'running'),
    failed = failed - (old.status IS 'failed'), cancelled = cancelled - (old.status IS 'cancelled'),
    input_tokens = input_tokens - ifnull(old.input_tokens, 0),
    output_tokens = output_tokens - ifnull(old.output_tokens, 0),
    total_tokens = total_tokens - ifnull(old.total_tokens, 0),
    cost_usd = cost_usd - ifnull(old.cost_usd, 0)
  WHERE key = old.of;
  DELETE FROM traces WHERE key = old.of AND spans <= 0;
  UPDATE traces SET
    root = (SELECT key FROM spans WHERE of = old.of ORDER BY rank, key LIMIT 1),
    root_rank = (SELECT rank FROM spans WHERE of = old.of ORDER BY rank, key LIMIT 1)
  WHERE key = old.of AND root = old.key;
END;
)sql";

}  // namespace devs
