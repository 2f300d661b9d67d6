#include "orchestrator/access/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "trace/random.h"

namespace devs {
namespace {

Status refused(const std::filesystem::path& file, std::string_view why) {
  return Status(Code::data_loss, file.string() + ": " + std::string(why) +
                                     "; remove it and a new key is made (what was sealed with "
                                     "the old one is then refused)");
}

}  // namespace

Result<SecretKey> open_key_file(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return refused(file, std::strerror(errno));
  struct stat seen {};
  SecretKey key{};
  const bool known = ::fstat(fd, &seen) == 0;
  Status status;
  if (!known || !S_ISREG(seen.st_mode) || (seen.st_mode & 077) != 0) {
    status = refused(file, "is not a file that only its owner may read");
  } else if (seen.st_size == 0) {
    random_bytes(key);
    if (::write(fd, key.data(), key.size()) != static_cast<ssize_t>(key.size()) || ::fsync(fd) != 0)
      status = refused(file, std::strerror(errno));
  } else if (seen.st_size != static_cast<off_t>(key.size()) ||
             ::read(fd, key.data(), key.size()) != static_cast<ssize_t>(key.size())) {
    status = refused(file, "does not hold 32 bytes");
  }
  ::close(fd);
  if (!status.ok()) return status;
  return key;
}

}  // namespace devs
