#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/gate.h"
#include "trace/file.h"
#include "trace/mutex.h"

namespace devs {

// Real files on a disk that breaks when the test says so.  Every file opened
// through one BrokenDisk obeys the same orders, given before or while it is used.
//
//   BrokenDisk disk;
//   disk.refuse_appends({.good = 2, .count = 1, .torn_bytes = 7});
//   FlightLog::open({.dir = dir.path(), .files = &disk}, log);
//
// Thread-safe.
class BrokenDisk final : public FileSystem {
 public:
  struct Refusal {
    std::size_t good = 0;  // appends that still succeed, from now on
    std::size_t count = std::numeric_limits<std::size_t>::max();  // then this many fail
    std::size_t torn_bytes = 0;  // of a refused append that reach the file all the same
    std::string why = "No space left on device (ENOSPC)";
  };

  void refuse_appends(Refusal refusal) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    refusal_ = std::move(refusal);
    refusing_ = true;
  }
  // Bytes that may still be appended before the disk is full; what fits of an
  // append is written, as a real disk does.
  void set_room(std::uint64_t bytes) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    room_ = bytes;
  }
  void refuse_truncates(bool refuse) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    refuse_truncates_ = refuse;
  }
  // Each append passes `gate` first; null: none.  The gate outlives the orders.
  void hold_appends(Gate* gate) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    gate_ = gate;
  }
  // The disk is well again.
  void mend() DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    refusing_ = false;
    refuse_truncates_ = false;
    room_ = std::numeric_limits<std::uint64_t>::max();
  }

  std::size_t refused() const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return refused_;
  }
  std::size_t appends() const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return appends_;
  }

  Result<std::unique_ptr<File>> open_append(
      const std::filesystem::path& path) override {
    auto real = real_files().open_append(path);
    if (!real.ok()) return real.status();
    return std::unique_ptr<File>(new Broken(*this, std::move(real).value()));
  }

 private:
  class Broken final : public File {
   public:
    Broken(BrokenDisk& disk, std::unique_ptr<File> real)
        : disk_(disk), real_(std::move(real)) {}

    Status append(std::span<const std::string_view> pieces) override {
      std::uint64_t allowed = 0;
      Status verdict = disk_.judge(pieces, allowed);
      if (verdict.ok()) return real_->append(pieces);
      std::string torn;
      for (const std::string_view piece : pieces) {
        if (torn.size() >= allowed) break;
        torn.append(piece.substr(0, static_cast<std::size_t>(allowed) - torn.size()));
      }
      const std::string_view part = torn;
      if (Status wrote = real_->append({&part, 1}); !wrote.ok()) return wrote;
      return verdict;
    }
    Status truncate(std::uint64_t size) override {
      if (disk_.truncates_refused())
        return Status(Code::unavailable, "Input/output error (EIO)");
      return real_->truncate(size);
    }
    Status sync() override { return real_->sync(); }
    Result<std::size_t> read_at(std::uint64_t offset,
                                std::span<char> to) const override {
      return real_->read_at(offset, to);
    }
    Result<std::uint64_t> size() const override { return real_->size(); }

   private:
    BrokenDisk& disk_;
    const std::unique_ptr<File> real_;
  };

  // Ok, or why not and how many bytes reach the file nevertheless.
  Status judge(std::span<const std::string_view> pieces, std::uint64_t& allowed)
      DEVS_EXCLUDES(mutex_) {
    if (Gate* gate = gate_now()) gate->pass();
    std::uint64_t bytes = 0;
    for (const std::string_view piece : pieces) bytes += piece.size();
    MutexLock lock(mutex_);
    ++appends_;
    if (refusing_ && refusal_.good == 0 && refusal_.count > 0) {
      --refusal_.count;
      ++refused_;
      allowed = std::min<std::uint64_t>(refusal_.torn_bytes, bytes);
      return Status(Code::unavailable, refusal_.why);
    }
    if (refusing_ && refusal_.good > 0) --refusal_.good;
    if (bytes > room_) {
      ++refused_;
      allowed = room_;
      return Status(Code::unavailable, "No space left on device (ENOSPC)");
    }
    if (room_ != std::numeric_limits<std::uint64_t>::max()) room_ -= bytes;
    return {};
  }
  Gate* gate_now() const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return gate_;
  }
  bool truncates_refused() const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return refuse_truncates_;
  }

  mutable Mutex mutex_;
  Refusal refusal_ DEVS_GUARDED_BY(mutex_);
  bool refusing_ DEVS_GUARDED_BY(mutex_) = false;
  bool refuse_truncates_ DEVS_GUARDED_BY(mutex_) = false;
  std::uint64_t room_ DEVS_GUARDED_BY(mutex_) =
      std::numeric_limits<std::uint64_t>::max();
  Gate* gate_ DEVS_GUARDED_BY(mutex_) = nullptr;
  std::size_t refused_ DEVS_GUARDED_BY(mutex_) = 0;
  std::size_t appends_ DEVS_GUARDED_BY(mutex_) = 0;
};

}  // namespace devs
