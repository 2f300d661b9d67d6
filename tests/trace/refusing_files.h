#pragma once

#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trace/file.h"
#include "trace/mutex.h"

namespace devs {

// Real files, but what `refuse_names` names may not be opened, renamed to or removed.
// Thread-safe; `after_rename` is set before anybody else is here.
class RefusingFiles final : public FileSystem {
 public:
  std::function<void(const std::filesystem::path& to)> after_rename;

  // Whose path ends so, the next `times`; empty: nothing.
  void refuse_names(std::string ending,
                    Status why = {Code::unavailable, "Input/output error (EIO)"},
                    std::size_t times = std::numeric_limits<std::size_t>::max())
      DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    ending_ = std::move(ending);
    why_ = std::move(why);
    times_ = times;
  }
  std::size_t refused() const DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return refused_;
  }

  Result<std::unique_ptr<File>> open_append(const std::filesystem::path& path) override {
    if (Status no = judge(path); !no.ok()) return no;
    return real_files().open_append(path);
  }
  Result<std::unique_ptr<File>> open_read(const std::filesystem::path& path) override {
    if (Status no = judge(path); !no.ok()) return no;
    return real_files().open_read(path);
  }
  Status rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    if (Status no = judge(to); !no.ok()) return no;
    const Status renamed = real_files().rename(from, to);
    if (renamed.ok() && after_rename) after_rename(to);
    return renamed;
  }
  Status remove(const std::filesystem::path& path) override {
    if (Status no = judge(path); !no.ok()) return no;
    return real_files().remove(path);
  }
  Status make_directory(const std::filesystem::path& path) override {
    return real_files().make_directory(path);
  }
  Status sync_directory(const std::filesystem::path& path) override {
    return real_files().sync_directory(path);
  }
  Result<std::vector<std::string>> list(const std::filesystem::path& path) const override {
    return real_files().list(path);
  }

 private:
  Status judge(const std::filesystem::path& path) DEVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (ending_.empty() || times_ == 0 || !path.string().ends_with(ending_)) return {};
    --times_;
    ++refused_;
    return why_;
  }

  mutable Mutex mutex_;
  std::string ending_ DEVS_GUARDED_BY(mutex_);
  Status why_ DEVS_GUARDED_BY(mutex_);
  std::size_t times_ DEVS_GUARDED_BY(mutex_) = 0;
  std::size_t refused_ DEVS_GUARDED_BY(mutex_) = 0;
};

}  // namespace devs
