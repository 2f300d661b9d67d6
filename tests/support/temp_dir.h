#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace devs {

// A directory of its own for one test, gone with everything in it afterwards.
class TempDir {
 public:
  TempDir() : TempDir(std::filesystem::temp_directory_path()) {}
  // Below `parent`, which is there.
  explicit TempDir(const std::filesystem::path& parent) {
    std::string name = (parent / "devs-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();  // no test can go on
    path_ = name;
  }
  ~TempDir() {
    std::error_code ignored;  // a test may have removed it
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace devs
