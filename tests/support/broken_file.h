#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
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
//   disk.refuse(BrokenDisk::Op::sync, {.count = 1, .why = "Input/output error (EIO)"});
//   FlightLog::open({.dir = dir.path(), .files = &disk}, log);
//
// Thread-safe.
class BrokenDisk final : public FileSystem {
 public:
  enum class Op {
    append,
    truncate,
    sync,
    open,
    read,
    rename,
    remove,
    make_directory,
    sync_directory
  };
  static constexpr std::size_t kOps = 9;

  struct Refusal {
    std::size_t good = 0;                                         // that still succeed, from now on
    std::size_t count = std::numeric_limits<std::size_t>::max();  // then this many fail
    std::size_t torn_bytes = 0;  // of a refused append that reach the file all the same
    std::string why = "No space left on device (ENOSPC)";
    // Only what happens to files (and directories) whose name begins so; of a rename,
    // the old name.  Empty: all.
    std::string file = "";
  };

  // One order per kind of operation; the latest one stands.
  void refuse(Op op, Refusal refusal) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    orders_[index(op)] = {std::move(refusal), true};
  }
  // Those to the lines of the log; its sidecar and everything else stay well.
  void refuse_appends(Refusal refusal) {
    if (refusal.file.empty()) refusal.file = "trace.log";
    refuse(Op::append, std::move(refusal));
  }
  void refuse_truncates(bool refused) {
    refuse(Op::truncate, {.count = refused ? std::numeric_limits<std::size_t>::max() : 0,
                          .why = "Input/output error (EIO)"});
  }
  // Bytes that may still be appended before the disk is full; what fits of an
  // append is written, as a real disk does.
  void set_room(std::uint64_t bytes) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    room_ = bytes;
  }
  // Each append to the log, or each sync of it, passes `gate` first; null: none.  The
  // gate outlives the orders.
  void hold_appends(Gate* gate) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    append_gate_ = gate;
  }
  void hold_syncs(Gate* gate) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    sync_gate_ = gate;
  }
  // The disk is well again.
  void mend() DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    orders_ = {};
    room_ = std::numeric_limits<std::uint64_t>::max();
  }

  std::size_t refused() const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return refused_;
  }
  // Asked for, refused or not, of files whose name begins so.
  std::size_t count(Op op, std::string_view file = "") const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return static_cast<std::size_t>(std::count_if(
        asked_.begin(), asked_.end(),
        [&](const auto& each) { return each.first == op && each.second.starts_with(file); }));
  }
  std::size_t appends() const { return count(Op::append, "trace.log"); }

  Result<std::unique_ptr<File>> open_append(const std::filesystem::path& path) override {
    if (Status verdict = judge(Op::open, path); !verdict.ok()) return verdict;
    return broken(real_files().open_append(path), path);
  }
  Result<std::unique_ptr<File>> open_read(const std::filesystem::path& path) override {
    if (Status verdict = judge(Op::open, path); !verdict.ok()) return verdict;
    return broken(real_files().open_read(path), path);
  }
  Status rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    if (Status verdict = judge(Op::rename, from); !verdict.ok()) return verdict;
    return real_files().rename(from, to);
  }
  Status remove(const std::filesystem::path& path) override {
    if (Status verdict = judge(Op::remove, path); !verdict.ok()) return verdict;
    return real_files().remove(path);
  }
  Status make_directory(const std::filesystem::path& path) override {
    if (Status verdict = judge(Op::make_directory, path); !verdict.ok()) return verdict;
    return real_files().make_directory(path);
  }
  Status sync_directory(const std::filesystem::path& path) override {
    if (Status verdict = judge(Op::sync_directory, path); !verdict.ok()) return verdict;
    return real_files().sync_directory(path);
  }
  Result<std::vector<std::string>> list(const std::filesystem::path& path) const override {
    return real_files().list(path);
  }

 private:
  struct Order {
    Refusal refusal;
    bool given = false;
  };

  class Broken final : public File {
   public:
    Broken(BrokenDisk& disk, std::unique_ptr<File> real, std::filesystem::path path)
        : disk_(disk), real_(std::move(real)), path_(std::move(path)) {}

    Status append(std::span<const std::string_view> pieces) override {
      std::uint64_t bytes = 0, allowed = 0;
      for (const std::string_view piece : pieces) bytes += piece.size();
      Status verdict = disk_.judge_append(path_, bytes, allowed);
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
      if (Status verdict = disk_.judge(Op::truncate, path_); !verdict.ok()) return verdict;
      return real_->truncate(size);
    }
    Status sync() override {
      if (Gate* gate = disk_.gate_of(Op::sync, path_)) gate->pass();
      if (Status verdict = disk_.judge(Op::sync, path_); !verdict.ok()) return verdict;
      return real_->sync();
    }
    Result<std::size_t> read_at(std::uint64_t offset, std::span<char> to) const override {
      if (Status verdict = disk_.judge(Op::read, path_); !verdict.ok()) return verdict;
      return real_->read_at(offset, to);
    }
    Result<std::uint64_t> size() const override { return real_->size(); }

   private:
    BrokenDisk& disk_;
    const std::unique_ptr<File> real_;
    const std::filesystem::path path_;
  };

  static std::size_t index(Op op) { return static_cast<std::size_t>(op); }
  static Status refusal_of(const std::string& why) {
    const bool full = why.find("(ENOSPC)") != why.npos || why.find("(EDQUOT)") != why.npos;
    return {full ? Code::resource_exhausted : Code::unavailable, why};
  }
  Result<std::unique_ptr<File>> broken(Result<std::unique_ptr<File>> real,
                                       const std::filesystem::path& path) {
    if (!real.ok()) return real;
    return std::unique_ptr<File>(new Broken(*this, std::move(real).value(), path));
  }

  Status judge(Op op, const std::filesystem::path& path) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return verdict(op, path.filename().string());
  }
  Status verdict(Op op, const std::string& name) DEVS_REQUIRES(mutex_) {
    if (op != Op::read) asked_.emplace_back(op, name);
    auto& [refusal, given] = orders_[index(op)];
    if (!given || !name.starts_with(refusal.file)) return {};
    if (refusal.good > 0) {
      --refusal.good;
      return {};
    }
    if (refusal.count == 0) return {};
    --refusal.count;
    ++refused_;
    return refusal_of(refusal.why);
  }
  // Ok, or why not and how many bytes reach the file nevertheless.
  Status judge_append(const std::filesystem::path& path, std::uint64_t bytes,
                      std::uint64_t& allowed) DEVS_EXCLUDES(mutex_) {
    if (Gate* gate = gate_of(Op::append, path)) gate->pass();
    MutexLock lock(mutex_);
    if (Status refused = verdict(Op::append, path.filename().string()); !refused.ok()) {
      allowed = std::min<std::uint64_t>(orders_[index(Op::append)].refusal.torn_bytes, bytes);
      return refused;
    }
    if (bytes > room_) {
      ++refused_;
      allowed = room_;
      room_ = 0;
      return refusal_of("No space left on device (ENOSPC)");
    }
    if (room_ != std::numeric_limits<std::uint64_t>::max()) room_ -= bytes;
    return {};
  }
  Gate* gate_of(Op op, const std::filesystem::path& path) const DEVS_EXCLUDES(mutex_) {
    if (path.filename() != "trace.log") return nullptr;
    MutexLock lock(mutex_);
    return op == Op::sync ? sync_gate_ : append_gate_;
  }

  mutable Mutex mutex_;
  std::array<Order, kOps> orders_ DEVS_GUARDED_BY(mutex_);
  std::uint64_t room_ DEVS_GUARDED_BY(mutex_) = std::numeric_limits<std::uint64_t>::max();
  Gate* append_gate_ DEVS_GUARDED_BY(mutex_) = nullptr;
  Gate* sync_gate_ DEVS_GUARDED_BY(mutex_) = nullptr;
  std::size_t refused_ DEVS_GUARDED_BY(mutex_) = 0;
  std::vector<std::pair<Op, std::string>> asked_ DEVS_GUARDED_BY(mutex_);
};

}  // namespace devs
