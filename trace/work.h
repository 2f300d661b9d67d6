#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace devs {

// A move-only callable, which C++20's library lacks.  What it holds may own
// things that exist once: a reservation, an answer, a socket.
//
// Calling an empty one is a bug.  REQUIRES of every use in this house: the
// callable does not throw.
template <class Signature>
class MoveFunction;

template <class R, class... Args>
class MoveFunction<R(Args...)> {
 public:
  MoveFunction() = default;
  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, MoveFunction> &&
           std::is_invocable_r_v<R, std::decay_t<F>&, Args...>) MoveFunction(F&& f)
      : call_(std::make_unique<Holder<std::decay_t<F>>>(std::forward<F>(f))) {}

  explicit operator bool() const { return call_ != nullptr; }
  R operator()(Args... args) { return call_->run(std::forward<Args>(args)...); }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual R run(Args... args) = 0;
  };
  template <class F>
  struct Holder final : Base {
    explicit Holder(F f) : callable(std::move(f)) {}
    R run(Args... args) override { return callable(std::forward<Args>(args)...); }
    F callable;
  };

  std::unique_ptr<Base> call_;
};

// A piece of work handed to another thread.
using Work = MoveFunction<void()>;

}  // namespace devs
