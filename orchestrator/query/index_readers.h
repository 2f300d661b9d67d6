#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/store/sql.h"
#include "protocol/result.h"
#include "trace/mutex.h"

namespace devs {

// Connections of those who ask the index; used by one thread at a time each.
//
// The builder of the index opens and closes this; nobody holds a connection while the
// file is replaced.  Thread-safe.
class IndexReaders {
 public:
  // One connection on loan, with a deadline for everything asked through it.  It sees the
  // index as it is at its first question, whatever is indexed meanwhile.
  class Lease {
   public:
    Lease(IndexReaders& from, std::unique_ptr<SqlConnection> connection)
        : from_(&from), connection_(std::move(connection)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    SqlConnection& operator*() const { return *connection_; }
    SqlConnection* operator->() const { return connection_.get(); }

   private:
    IndexReaders* from_;
    std::unique_ptr<SqlConnection> connection_;  // null: moved from
  };

  // `budget`: what one question may cost an http worker (architecture 4: it must not wait).
  explicit IndexReaders(std::chrono::milliseconds budget = std::chrono::milliseconds(1'000))
      : budget_(budget) {}

  // unavailable, with what close() said, while there is nothing to ask.
  Result<Lease> lease() DEVS_EXCLUDES(mutex_);
  // Passes `status` on.  data_loss is remembered for the builder.
  Status judged(Status status) DEVS_EXCLUDES(mutex_);

  // --- the builder ---
  void open(std::filesystem::path file) DEVS_EXCLUDES(mutex_);
  void adopt(std::unique_ptr<SqlConnection> only) DEVS_EXCLUDES(mutex_);  // in memory
  // Waits for what is on loan (bounded by the deadlines of the questions).
  void close(Status why) DEVS_EXCLUDES(mutex_);
  bool take_complaint() DEVS_EXCLUDES(mutex_);  // a reader met damage since open()

 private:
  void give_back(std::unique_ptr<SqlConnection> connection) DEVS_EXCLUDES(mutex_);

  const std::chrono::milliseconds budget_;
  Mutex mutex_;
  CondVar returned_;
  std::filesystem::path file_ DEVS_GUARDED_BY(mutex_);  // empty: nothing new is opened
  Status closed_ DEVS_GUARDED_BY(mutex_) = Status(Code::unavailable,
                                                  "the trace index is not open yet");
  std::vector<std::unique_ptr<SqlConnection>> idle_ DEVS_GUARDED_BY(mutex_);
  std::size_t on_loan_ DEVS_GUARDED_BY(mutex_) = 0;
  bool shared_ DEVS_GUARDED_BY(mutex_) = false;  // adopted: one, asked in turn
  bool complaint_ DEVS_GUARDED_BY(mutex_) = false;
};

}  // namespace devs
