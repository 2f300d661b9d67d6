#pragma once

#include <cstdint>
#include <memory>

#include "orchestrator/net/reactor.h"

namespace devs {

// The events of one descriptor, for a member function of whoever owns it: one with several
// descriptors has a port for each.  The owner lives while it is told.  Confined to the reactor.
template <class Owner>
class FdPort final : public FdHandler {
 public:
  using OnReady = void (Owner::*)(std::uint32_t events);
  FdPort(Owner& owner, OnReady how) : owner_(owner), on_ready_(how) {}

  void on_ready(std::uint32_t events) override {
    const std::shared_ptr<Owner> keep = owner_.shared_from_this();
    (keep.get()->*on_ready_)(events);
  }

 private:
  Owner& owner_;
  const OnReady on_ready_;
};

}  // namespace devs
