#pragma once

#include <cstdint>
#include <memory>

#include "orchestrator/query/span.h"
#include "orchestrator/store/sql.h"
#include "protocol/ids.h"
#include "protocol/result.h"

namespace devs {

// What the index keeps of spans (index_schema.h: `spans`, `traces`), entry by entry, inside
// the transaction of whoever calls.
//
// As a reader of the stream merges rows by their id, so here: an entry that opens a row
// replaces what stood there, another changes the columns it says.  A row stays in the trace
// it began in.
//
// Confined to the thread of its connection.
class SpanWriter {
 public:
  // What one entry says; `at_ms`: when, for a span that does not say when it began.
  struct Row {
    Sequence sequence = 0;
    std::int64_t at_ms = 0;
    Span span;
  };

  // REQUIRES: `connection` outlives this.
  static Result<std::unique_ptr<SpanWriter>> prepare(SqlConnection& connection);

  Status store(const Row& row);
  // Rows that only entries before `first_kept` told of; their traces count them no more.
  Status forget_before(Sequence first_kept);

 private:
  SpanWriter(SqlStatement trace, SqlStatement open, SqlStatement change, SqlStatement forget)
      : trace_(std::move(trace)),
        open_(std::move(open)),
        change_(std::move(change)),
        forget_(std::move(forget)) {}

  SqlStatement trace_, open_, change_, forget_;
};

}  // namespace devs
