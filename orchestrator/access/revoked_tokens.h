#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "protocol/result.h"
#include "trace/mutex.h"

namespace devs {

// Stream tokens that are none any more: remembered for as long as one could live, also
// over a restart, in a file of one line each (`<until> <whose> <jti>`).
//
// A revocation holds for tokens of one principal, so that nobody can revoke what is
// another's by naming it; `*` is everybody's, which operators say.
//
// Thread-safe.  Writes a file: not for a reactor.
class RevokedTokens {
 public:
  static constexpr std::size_t kMax = 10'000;    // in all
  static constexpr std::size_t kMaxOfOne = 256;  // of one principal: the rest is for others
  static constexpr std::string_view kOfAnybody = "*";

  // Reads the file and leaves out what is over; an empty path keeps nothing on disk.
  // data_loss, unavailable: the message names the file.
  static Result<std::unique_ptr<RevokedTokens>> open(std::filesystem::path file,
                                                     std::int64_t now_s);

  ~RevokedTokens();
  RevokedTokens(const RevokedTokens&) = delete;
  RevokedTokens& operator=(const RevokedTokens&) = delete;

  // Stored when it returns.  resource_exhausted: no room until older ones are over;
  // unavailable: it holds in this process, but could not be stored.
  Status revoke(std::string_view whose, std::string_view id, std::int64_t until_s,
                std::int64_t now_s) DEVS_EXCLUDES(mutex_);
  bool is_revoked(std::string_view subject, std::string_view id) const DEVS_EXCLUDES(mutex_);
  std::size_t size() const DEVS_EXCLUDES(mutex_);

 private:
  RevokedTokens() = default;

  int fd_ = -1;  // of the file, to add lines; -1: nothing is kept on disk
  mutable Mutex mutex_;
  std::unordered_map<std::string, std::int64_t> until_ DEVS_GUARDED_BY(mutex_);  // "<whose> <jti>"
};

}  // namespace devs
