#include "orchestrator/access/revoked_tokens.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

namespace devs {
namespace {

std::string key_of(std::string_view whose, std::string_view id) {
  std::string key(whose);
  return key.append(" ").append(id);
}

std::string line_of(const std::string& key, std::int64_t until) {
  return std::to_string(until) + ' ' + key + '\n';
}

bool write_whole(int fd, const std::string& text) {
  return ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
         ::fsync(fd) == 0;
}

}  // namespace

RevokedTokens::~RevokedTokens() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::unique_ptr<RevokedTokens>> RevokedTokens::open(std::filesystem::path file,
                                                           std::int64_t now_s) {
  std::unique_ptr<RevokedTokens> revoked(new RevokedTokens());
  if (file.empty()) return revoked;
  std::ifstream lines(file);
  MutexLock lock(revoked->mutex_);
  // A last line without its end was never acknowledged.
  for (std::string line; std::getline(lines, line) && !lines.eof();) {
    std::istringstream words(line);
    std::int64_t until = 0;
    std::string whose, id;
    // What cannot be read may have been a revocation: no token is worth guessing.
    if (!(words >> until >> whose >> id))
      return Status(Code::data_loss,
                    file.string() +
                        ": is not a list of revoked stream tokens; remove it together with "
                        "stream_token.key, and every stream token is refused");
    if (until > now_s && revoked->until_.size() < kMax) revoked->until_[key_of(whose, id)] = until;
  }
  // Written anew without what is over, whole or as before; then lines are added to it.
  std::string text;
  for (const auto& [key, until] : revoked->until_) text += line_of(key, until);
  const std::string fresh = file.string() + ".new";
  revoked->fd_ =
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (revoked->fd_ < 0 || !write_whole(revoked->fd_, text) ||
      std::rename(fresh.c_str(), file.c_str()) != 0)
    return Status(Code::unavailable, file.string() + ": " + std::strerror(errno));
  return revoked;
}

Status RevokedTokens::revoke(std::string_view whose, std::string_view id, std::int64_t until_s,
                             std::int64_t now_s) {
  const std::string key = key_of(whose, id);
  {
    MutexLock lock(mutex_);
    std::erase_if(until_, [now_s](const auto& entry) { return entry.second <= now_s; });
    if (until_.contains(key)) return {};
    std::size_t of_one = 0;
    if (whose != kOfAnybody)
      for (const auto& [known, until] : until_)
        if (known.starts_with(whose) && known[whose.size()] == ' ') ++of_one;
    if (until_.size() >= kMax || of_one >= kMaxOfOne)
      return Status(Code::resource_exhausted, "too many revoked stream tokens");
    until_.emplace(key, until_s);
  }
  // One write to the end of the file: two at once stand one behind the other.
  if (fd_ < 0 || write_whole(fd_, line_of(key, until_s))) return {};
  return Status(Code::unavailable,
                "the revocation could not be stored: " + std::string(std::strerror(errno)));
}

bool RevokedTokens::is_revoked(std::string_view subject, std::string_view id) const {
  MutexLock lock(mutex_);
  return until_.contains(key_of(subject, id)) || until_.contains(key_of(kOfAnybody, id));
}

std::size_t RevokedTokens::size() const {
  MutexLock lock(mutex_);
  return until_.size();
}

}  // namespace devs
