#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace devs {

// A stack whose first N elements cost no allocation: ordinary messages never
// reach the heap for their bookkeeping.
template <class T, std::size_t N>
class InlineStack {
 public:
  std::size_t size() const { return size_; }
  T* data() { return heap_.empty() ? inline_.data() : heap_.data(); }
  T& back() { return data()[size_ - 1]; }
  void push(const T& value) {
    if (heap_.empty() && size_ == N) heap_.assign(inline_.begin(), inline_.end());
    if (heap_.empty()) {
      inline_[size_] = value;
    } else {
      heap_.resize(size_);
      heap_.push_back(value);
    }
    ++size_;
  }
  void shrink_to(std::size_t size) { size_ = size; }

 private:
  std::array<T, N> inline_;
  std::vector<T> heap_;
  std::size_t size_ = 0;
};

}  // namespace devs
