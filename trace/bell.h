#pragma once

namespace devs {

// An eventfd: tells one thread to come and look.  Ten rings before it looks are
// one.  ring() is safe on any thread and from any number of them.
class Bell {
 public:
  Bell();
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  void ring();
  // Makes the descriptor unreadable again.  Called by the thread that looks,
  // before it looks, so that a ring during the look is not lost.
  void quiet();
  int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace devs
