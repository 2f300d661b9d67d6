#pragma once

#include <cstdint>

namespace devs {

// The tables of `trace.db`.  Another number begins the index anew: it is built from the
// log, so there is nothing to migrate.
inline constexpr std::int64_t kIndexVersion = 2;

// Entries of one row of `times`.
inline constexpr std::uint64_t kTimeBlock = 1'024;

// Columns of an entry that may be absent are NULL, so that their indexes hold only
// those that have them.  Each index is of one column, so that it gives the entries of
// one value in log order (EntrySelection).  Clocks go back, sequences do not: `times` says
// which times a block of entries spans, and is small enough to be read whole.
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
)sql";

}  // namespace devs
