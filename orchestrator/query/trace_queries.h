#pragma once

#include <string>

#include "orchestrator/query/index_readers.h"
#include "orchestrator/query/query_filter.h"
#include "orchestrator/query/traces_filter.h"
#include "protocol/ids.h"
#include "protocol/result.h"
#include "trace/stored_log.h"

namespace devs {

// Questions to the log, answered from its index; envelopes come verbatim from the log
// itself.  The same for the server's routes and for a stopped server's directory
// (OfflineIndex).
//
// Answers are JSON text.  A question costs at most about a second of one thread; one
// that would cost more fails with deadline_exceeded ("narrow it").  unavailable: the
// index is being built anew or cannot be, the message says why.
//
// Thread-safe.  Reads files: not for a reactor.
class TraceQueries {
 public:
  // REQUIRES: both outlive this.
  TraceQueries(IndexReaders& readers, const StoredLog& log, Epoch epoch)
      : readers_(readers), log_(log), epoch_(std::move(epoch)) {}

  // {"envelopes":[{"id":"E-n","stored_at":"ISO","envelope":{...}}],"next":"E-n",
  //  "oldest":"E-n","gaps":[{"from":"E-n","to":"E-n","reason":"corrupt"}],
  //  "total":n,"total_is_exact":true,"indexed_through":"E-n"}
  // `next` is the `after` of the next page (newest first: the `before`) and null on
  // the last one.  `oldest`: the first entry kept.  `gaps`: what this page would have
  // told of and cannot, matching or not, between its ends: `expired` behind an `after`
  // or `before` that retention took; `corrupt` or `recorder` when it was lost before it
  // was indexed.  What the log lost since then and matches: {"id":"E-n","lost":"corrupt"}
  // among the envelopes.  `stored_at` is null when unknown.  All of it is of one moment.
  Result<std::string> envelopes(const EnvelopesQuery& query) const;

  // {"sessions":[{"id","first_id","last_id","first_at","last_at","entries","calls",
  //  "errors","agents":[...]}],"next","total","indexed_through"}, newest begun first.
  // Counts are of what is kept; `first_*` stay when retention took those entries.
  Result<std::string> sessions(const SessionsQuery& query) const;

  // {"task_id","turns":[{"thread_id","turn_index","members":[...]}],"truncated",
  //  "indexed_through"}: a thought has its `actions`, an action its `observations`.
  // A member without the one it answers stands at the top with "orphan" naming what
  // is missing.  not_found: nothing of that task is indexed.
  Result<std::string> task_tree(const TaskTreeQuery& query) const;

  // {"group_by","groups":[{"key","count","calls","errors","p50_ms","p95_ms","p99_ms",
  //  "max_ms"}],"groups_left_out","entries","is_exact","indexed_through"}, largest
  // first.  `count`: entries; `calls`: observations among them, of which `errors` did
  // not succeed, and over whose durations the percentiles are (nearest rank; null
  // without any).  Not exact: over the newest ones only.
  Result<std::string> stats(const StatsQuery& query) const;

  // {"traces":[row],"total","limit","offset"}, newest begun first; rows of spans, or one of
  // each trace: the columns of span.h, as its root span says them, or of all its spans together
  // (times, tokens, cost, status, the first error), with `span_count` and `error_count`.  Without
  // `input_data` and `output_data`.  `total`: of all pages.
  Result<std::string> traces(const TracesQuery& query) const;

  // The same shape: spans with all their columns, by start time.  Fewer than `limit` rows
  // when they fill 8 MiB: the next page begins behind the last one.
  Result<std::string> spans(const SpansQuery& query) const;

  // Is there a row of that id (span.h) of that owner (empty: of an open house)?  A moment's
  // work, for who is about to publish it again.
  Result<bool> knows_span(std::string_view id, std::string_view owner) const;

  const Epoch& epoch() const { return epoch_; }

 private:
  IndexReaders& readers_;
  const StoredLog& log_;
  const Epoch epoch_;
};

}  // namespace devs
