#include "orchestrator/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

namespace devs {

StandardStreams take_standard_streams() {
  StandardStreams ours{BytePipe(STDIN_FILENO, BytePipe::Way::in),
                       BytePipe(STDOUT_FILENO, BytePipe::Way::out)};
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nothing, STDIN_FILENO);
  close(nothing);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  return ours;
}

void fill_standard_descriptors() {
  for (int fd : {0, 1, 2})
    if (fcntl(fd, F_GETFD) < 0) (void)!open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
}

}  // namespace devs
