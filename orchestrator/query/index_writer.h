#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/query/index_row.h"
#include "orchestrator/query/span_writer.h"
#include "orchestrator/store/sql.h"
#include "protocol/ids.h"
#include "protocol/result.h"
#include "trace/log.h"
#include "trace/stored_log.h"

namespace devs {

// Beside `trace.db`: held by whoever writes it, a server's index or a command.  Not the
// lock of the directory, which nobody may hold up a server with.
inline constexpr const char* kIndexLock = "trace.db.lock";

// Carries the log into a SQLite file, a batch in a transaction.
//
// The file says which log (epoch) it is of and how far it got, in the same transaction
// as the rows: a crash costs a batch that is read again.  A file that is damaged, of
// another log, of another version of this program, or that disagrees with the log is
// removed and begun anew; it holds nothing the log does not.
//
// Confined to one thread.
class IndexWriter {
 public:
  // Whichever is met first ends a batch: readers of a new entry wait for one commit.
  struct Batch {
    std::size_t entries = 4'096;
    std::size_t bytes = 4u << 20u;
  };

  // `file` empty: in memory.  Fails when the disk refuses.
  static Result<std::unique_ptr<IndexWriter>> open(const std::filesystem::path& file,
                                                   const StoredLog& stored, const Epoch& epoch,
                                                   Log& log);
  // Removes the file and what SQLite keeps beside it.
  static Status remove(const std::filesystem::path& file);

  Sequence through() const { return through_; }  // everything up to it was looked at
  bool begun_anew() const { return begun_anew_; }

  // Indexes the next batch up to `last`; how many sequences that were.  0: nothing to do.
  Result<Sequence> advance(Sequence last, Batch batch);
  // Forgets rows before `oldest`, a bounded number of them; true when there are more.
  Result<bool> trim(Sequence oldest);

  // The connection itself; nothing is written any more.
  std::unique_ptr<SqlConnection> release();

 private:
  IndexWriter(const StoredLog& stored, Epoch epoch) : stored_(stored), epoch_(std::move(epoch)) {}

  // nullopt: fits the log.  Otherwise why it does not.
  Result<std::optional<std::string>> disagreement();
  Status create();
  Status prepare();
  Status store(const std::vector<IndexRow>& rows);
  Status store_spans(const std::vector<SpanWriter::Row>& rows);
  Status store_losses();
  Status note_times(const std::vector<IndexRow>& rows);
  Status roll_up(const std::vector<IndexRow>& rows);
  Status forget_before(Sequence first_kept);

  struct Statements;

  const StoredLog& stored_;
  const Epoch epoch_;
  std::unique_ptr<SqlConnection> connection_;
  // Declared after the connection: finalised before it closes.
  struct Drop {
    void operator()(Statements* statements) const;
  };
  std::unique_ptr<Statements, Drop> statements_;
  Sequence through_ = 0;
  std::vector<Loss> losses_;  // passed over since the last transaction
  Sequence first_row_ = 0;    // 0: no rows
  bool begun_anew_ = false;
};

}  // namespace devs
