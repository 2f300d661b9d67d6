#include "orchestrator/query/index_readers.h"

#include <utility>

namespace devs {
namespace {

// Connections kept for the next question; more at once are opened and closed again.
constexpr std::size_t kMaxIdle = 4;

}  // namespace

IndexReaders::Lease::~Lease() {
  if (connection_) from_->give_back(std::move(connection_));
}

Result<IndexReaders::Lease> IndexReaders::lease() {
  std::unique_ptr<SqlConnection> connection;
  std::filesystem::path file;
  {
    MutexLock lock(mutex_);
    while (shared_ && closed_.ok() && idle_.empty()) returned_.wait(mutex_);
    if (!closed_.ok()) return closed_;
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
    file = file_;
    ++on_loan_;
  }
  if (!connection) {
    auto opened = SqlConnection::open(file, SqlConnection::Mode::read);
    if (!opened.ok()) {
      give_back(nullptr);
      return judged(opened.status());
    }
    connection = std::move(*opened);
  }
  if (Status begun = connection->execute("BEGIN"); !begun.ok()) {
    give_back(nullptr);
    return judged(std::move(begun));
  }
  connection->until(std::chrono::steady_clock::now() + budget_);
  return Lease(*this, std::move(connection));
}

Status IndexReaders::judged(Status status) {
  if (status.code() != Code::data_loss) return status;
  MutexLock lock(mutex_);
  complaint_ = true;
  // The log is whole; it is the index that will be there again in a moment.
  return {Code::unavailable, "the trace index is damaged and will be built anew"};
}

void IndexReaders::open(std::filesystem::path file) {
  MutexLock lock(mutex_);
  file_ = std::move(file);
  closed_ = Status();
  complaint_ = false;
}

void IndexReaders::adopt(std::unique_ptr<SqlConnection> only) {
  MutexLock lock(mutex_);
  shared_ = true;
  idle_.push_back(std::move(only));
  closed_ = Status();
}

void IndexReaders::close(Status why) {
  MutexLock lock(mutex_);
  closed_ = std::move(why);
  returned_.notify_all();
  while (on_loan_ > 0) returned_.wait(mutex_);
  idle_.clear();
}

bool IndexReaders::take_complaint() {
  MutexLock lock(mutex_);
  return std::exchange(complaint_, false);
}

void IndexReaders::give_back(std::unique_ptr<SqlConnection> connection) {
  // One that cannot end its reading would keep the file from being tidied up.
  if (connection) connection->until(TimePoint::max());
  if (connection && !connection->execute("ROLLBACK").ok()) connection.reset();
  MutexLock lock(mutex_);
  --on_loan_;
  if (connection && (shared_ || (closed_.ok() && idle_.size() < kMaxIdle)))
    idle_.push_back(std::move(connection));
  returned_.notify_all();
}

}  // namespace devs
