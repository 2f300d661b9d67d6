#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/disk_history.h"
#include "trace/file.h"
#include "trace/mutex.h"

namespace devs {

// What the program asks of a disk, to count and to refuse.
enum class DiskCall {
  open_append,
  open_read,
  append,
  truncate,
  sync,
  read,
  size,
  rename,
  remove,
  make_directory,
  sync_directory,
  list
};
inline constexpr std::size_t kDiskCalls = 12;
std::string_view name_of(DiskCall call);

// An order to refuse.  A refused sync has lost what it should have stored, and does
// not say so again: that is what Linux does.
struct DiskFault {
  std::optional<DiskCall> call;  // nullopt: whatever comes
  std::size_t good = 0;          // calls that still succeed, from now on
  std::size_t count = 1;         // then so many fail
  std::size_t torn_bytes = 0;    // of a refused append that reach the file all the same
  std::string why = "Input/output error (EIO)";
  Code code = Code::unavailable;
};

// A disk in memory that remembers, in order, all it was asked to do: a test can say
// afterwards what a crash in the middle would have left (disk_history.h), and begin
// a new disk from there.
//
// Directories are those of the history, and all above them.  Thread-safe.
class SimulatedDisk final : public FileSystem {
 public:
  explicit SimulatedDisk(DiskHistory history);
  ~SimulatedDisk() override;

  DiskHistory history() const DEVS_EXCLUDES(mutex_);
  std::size_t operations() const DEVS_EXCLUDES(mutex_);  // of the history
  DiskImage image() const DEVS_EXCLUDES(mutex_);         // as a running program sees it

  void refuse(DiskFault fault) DEVS_EXCLUDES(mutex_);
  void mend() DEVS_EXCLUDES(mutex_);  // no fault, and room for everything
  // All files together; what still fits of an append is written, as a real disk does.
  void set_capacity(std::uint64_t bytes) DEVS_EXCLUDES(mutex_);
  std::size_t refused() const DEVS_EXCLUDES(mutex_);
  std::size_t calls(DiskCall call) const DEVS_EXCLUDES(mutex_);
  // Changes bytes behind the program's back, and without a trace in the history.
  void write_behind(const std::filesystem::path& path, std::uint64_t offset, char byte)
      DEVS_EXCLUDES(mutex_);

  Result<std::unique_ptr<File>> open_append(const std::filesystem::path& path) override;
  Result<std::unique_ptr<File>> open_read(const std::filesystem::path& path) override;
  Status rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Status remove(const std::filesystem::path& path) override;
  Status make_directory(const std::filesystem::path& path) override;
  Status sync_directory(const std::filesystem::path& path) override;
  Result<std::vector<std::string>> list(const std::filesystem::path& path) const override;

 private:
  struct Content;
  class OpenFile;

  Status judge(DiskCall call, const std::string& path) const DEVS_REQUIRES(mutex_);
  bool is_directory(const std::string& path) const DEVS_REQUIRES(mutex_);
  std::uint64_t used() const DEVS_REQUIRES(mutex_);
  void record(DiskOperation operation) DEVS_REQUIRES(mutex_);
  void perform(const DiskOperation& operation) DEVS_REQUIRES(mutex_);

  mutable Mutex mutex_;
  DiskHistory history_ DEVS_GUARDED_BY(mutex_);
  std::map<std::size_t, std::shared_ptr<Content>> files_ DEVS_GUARDED_BY(mutex_);
  std::map<std::string, std::size_t> names_ DEVS_GUARDED_BY(mutex_);
  std::set<std::string> directories_ DEVS_GUARDED_BY(mutex_);
  std::size_t next_file_ DEVS_GUARDED_BY(mutex_) = 0;

  // Counted also where the program only looks.
  mutable std::optional<DiskFault> fault_ DEVS_GUARDED_BY(mutex_);
  mutable std::size_t refused_ DEVS_GUARDED_BY(mutex_) = 0;
  mutable std::array<std::size_t, kDiskCalls> calls_ DEVS_GUARDED_BY(mutex_){};
  std::uint64_t capacity_ DEVS_GUARDED_BY(mutex_) = std::numeric_limits<std::uint64_t>::max();
};

}  // namespace devs
