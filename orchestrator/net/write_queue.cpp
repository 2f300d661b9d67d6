#include "orchestrator/net/write_queue.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace devs {

void WriteQueue::push(std::string bytes) {
  if (bytes.empty()) return;
  const std::size_t size = bytes.size();
  push(FrameSlice{std::make_shared<const std::string>(std::move(bytes)), 0, size});
}

void WriteQueue::push(FrameSlice slice) {
  if (slice.size == 0) return;
  bytes_ += slice.size;
  slices_.push_back(std::move(slice));
}

WriteQueue::Sent WriteQueue::flush(int fd, std::size_t at_most, Progress& progress) {
  const Sent sent = send_some(fd, at_most, progress);
  if (empty()) clear();
  return sent;
}

WriteQueue::Sent WriteQueue::flush(int fd, std::vector<FrameSlice>& fresh, std::size_t at_most,
                                   Progress& progress) {
  if (!empty()) {
    for (FrameSlice& slice : fresh) push(std::move(slice));
    fresh.clear();
    return flush(fd, at_most, progress);
  }
  slices_.swap(fresh);  // borrowed, and given back if nothing has to stay
  std::erase_if(slices_, [](const FrameSlice& slice) { return slice.size == 0; });
  for (const FrameSlice& slice : slices_) bytes_ += slice.size;
  const Sent sent = send_some(fd, at_most, progress);
  if (empty()) {
    slices_.clear();
    slices_.swap(fresh);
    clear();
  }
  return sent;
}

WriteQueue::Sent WriteQueue::send_some(int fd, std::size_t at_most, Progress& progress) {
  constexpr std::size_t kPieces = 64;
  constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;
  std::size_t allowed = at_most;
  while (!empty() && allowed > 0) {
    std::array<iovec, kPieces> pieces;
    std::size_t count = 0;
    std::size_t asked = 0;
    for (std::size_t i = first_; i < slices_.size() && count < kPieces && asked < allowed; ++i) {
      const FrameSlice& slice = slices_[i];
      pieces[count].iov_base = const_cast<char*>(slice.bytes->data() + slice.from);
      pieces[count].iov_len = slice.size;
      asked += slice.size;
      ++count;
    }
    ssize_t sent = 0;
    if (count == 1) {  // most deliveries: cheaper than a message of one piece
      sent = ::send(fd, pieces[0].iov_base, pieces[0].iov_len, kFlags);
    } else {
      msghdr message{};
      message.msg_iov = pieces.data();
      message.msg_iovlen = count;
      sent = ::sendmsg(fd, &message, kFlags);
    }
    if (sent < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? Sent::full : Sent::broken;
    }
    const auto bytes = static_cast<std::size_t>(sent);
    progress.bytes += bytes;
    ++progress.calls;
    drop_sent(bytes);
    if (bytes < asked) return Sent::full;
    allowed -= std::min(allowed, bytes);
  }
  return Sent::all;
}

void WriteQueue::drop_sent(std::size_t sent) {
  bytes_ -= sent;
  while (sent > 0) {
    FrameSlice& slice = slices_[first_];
    if (sent < slice.size) {
      slice.from += sent;
      slice.size -= sent;
      untouched_ = false;
      return;
    }
    sent -= slice.size;
    slice.bytes.reset();
    ++first_;
    untouched_ = true;
  }
}

WriteQueue::Rest WriteQueue::rest_of_frame() const {
  if (empty()) return {};
  const FrameSlice& slice = slices_[first_];
  const std::string_view unsent(slice.bytes->data() + slice.from, slice.size);
  if (slice.ends == nullptr) return {untouched_ ? std::string_view() : unsent, nullptr};
  const auto end =
      std::lower_bound(slice.ends->begin(), slice.ends->end(), slice.from,
                       [](const FrameEnd& frame, std::size_t from) { return frame.offset < from; });
  if (end == slice.ends->end()) return {};
  return {unsent.substr(0, end->offset - slice.from), &*end};
}

void WriteQueue::clear() {
  std::vector<FrameSlice>().swap(slices_);
  first_ = 0;
  bytes_ = 0;
  untouched_ = true;
}

}  // namespace devs
