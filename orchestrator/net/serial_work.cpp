#include "orchestrator/net/serial_work.h"

#include <utility>

namespace devs {

void SerialWork::post(Work work) {
  {
    MutexLock lock(mutex_);
    waiting_.push_back(std::move(work));
    if (std::exchange(running_, true)) return;
  }
  if (!pool_.submit([self = shared_from_this()] { self->drain(); }).ok()) drain();
}

void SerialWork::drain() {
  for (;;) {
    Work work;
    {
      MutexLock lock(mutex_);
      if (waiting_.empty()) {
        running_ = false;
        return;
      }
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    pool_.run(work);
  }
}

}  // namespace devs
