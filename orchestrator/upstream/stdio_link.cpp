#include "orchestrator/upstream/stdio_link.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include "orchestrator/net/byte_pipe.h"
#include "orchestrator/upstream/guard_messages.h"

namespace devs {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
// Of one descriptor in one turn; the others want their turn too.
constexpr int kReadsPerTurn = 4;
// What a pipe can still hold when its writer has gone, and a bit; somebody who
// inherited it might write for ever.
constexpr int kReadsAfterEnd = 16;
constexpr std::chrono::milliseconds kWorkersFullRetry{10};

// Bytes read, 0 at the end, -1 when there is nothing now.
ssize_t read_some(int fd, std::array<char, kReadBytes>& buffer) {
  for (;;) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got >= 0) return got;
    if (errno == EINTR) continue;
    return errno == EAGAIN ? -1 : 0;
  }
}

}  // namespace

StdioLink::StdioLink(std::string server, ChildEnds child, Reactor& reactor, WorkerPool& workers,
                     Log& log, Metrics& metrics, Owner& owner)
    : server_(server),
      reactor_(reactor),
      workers_(workers),
      owner_(owner),
      child_(std::move(child)),
      retry_([this] { decode_on_worker(); }),
      stderr_(server, log,
              metrics.counter("upstream_stderr_suppressed_total",
                              fmt::format("server=\"{}\"", server))) {
  for (const Port::OnReady ready :
       {&StdioLink::on_input, &StdioLink::on_output, &StdioLink::on_errors, &StdioLink::on_lifeline,
        &StdioLink::on_process})
    ports_.push_back(std::make_unique<Port>(*this, ready));
}

StdioLink::~StdioLink() = default;

void StdioLink::begin() {
  block_sigpipe_here();
  watch_output(true);
  reactor_.watch(child_.errors.get(), EPOLLIN, *ports_[2]);
  reactor_.watch(child_.lifeline.get(), EPOLLIN, *ports_[3]);
  reactor_.watch(child_.process.get(), EPOLLIN, *ports_[4]);
}

// --- out ---

bool StdioLink::send(std::string_view line) {
  if (!child_.input.open() || out_.size() - out_at_ + line.size() + 1 > kMaxQueued) return false;
  if (out_at_ > 0 && out_at_ == out_.size()) {
    out_.clear();
    out_at_ = 0;
  }
  out_ += line;
  out_ += '\n';
  if (!input_watched_) on_input(EPOLLOUT);
  return child_.input.open();
}

void StdioLink::on_input(std::uint32_t) {
  while (out_at_ < out_.size()) {
    const ssize_t wrote = ::write(child_.input.get(), out_.data() + out_at_, out_.size() - out_at_);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && errno == EAGAIN) {
      if (!input_watched_) reactor_.watch(child_.input.get(), EPOLLOUT, *ports_[0]);
      input_watched_ = true;
      if (out_at_ > kMaxQueued / 2) {  // what is written need not be kept
        out_.erase(0, out_at_);
        out_at_ = 0;
      }
      return;
    }
    if (wrote < 0) {  // EPIPE: it reads no more
      close_input();
      return;
    }
    out_at_ += static_cast<std::size_t>(wrote);
  }
  out_.clear();
  out_at_ = 0;
  if (input_watched_) reactor_.forget(child_.input.get());
  input_watched_ = false;
}

void StdioLink::close_input() {
  if (!child_.input.open()) return;
  if (input_watched_) reactor_.forget(child_.input.get());
  input_watched_ = false;
  child_.input.reset();
  out_ = {};
  out_at_ = 0;
}

// --- in ---

void StdioLink::watch_output(bool watch) {
  if (watch == output_watched_ || !child_.output.open()) return;
  output_watched_ = watch;
  if (watch) {
    reactor_.watch(child_.output.get(), EPOLLIN, *ports_[1]);
  } else {
    reactor_.forget(child_.output.get());
  }
}

void StdioLink::close_output() {
  watch_output(false);
  child_.output.reset();
}

bool StdioLink::read_output() {
  if (!child_.output.open()) return false;
  std::array<char, kReadBytes> buffer;
  const ssize_t got = read_some(child_.output.get(), buffer);
  if (got < 0) return false;
  if (got == 0) {
    close_output();
    return false;
  }
  if (muted_) return true;
  std::vector<StdioLineReader::Line> lines;
  lines_.feed({buffer.data(), static_cast<std::size_t>(got)}, lines);
  for (StdioLineReader::Line& line : lines) inbox_.push_back(std::move(line));
  return true;
}

void StdioLink::on_output(std::uint32_t) {
  for (int i = 0; i < kReadsPerTurn && output_watched_ && read_output(); ++i) pump();
  settle();
}

void StdioLink::pump() {
  if (pumping_) return;  // an owner's callback came back here
  pumping_ = true;
  while (!decoding_ && !inbox_.empty()) {
    if (muted_) {
      inbox_.clear();
    } else if (inbox_.front().text.size() > kDecodeHere) {
      decode_on_worker();
    } else {
      const StdioLineReader::Line line = std::move(inbox_.front());
      inbox_.pop_front();
      owner_.on_message(decode_inbound(line));
    }
  }
  pumping_ = false;
  watch_output(!decoding_);
}

void StdioLink::decode_on_worker() {
  decoding_ = true;
  auto line = std::make_shared<StdioLineReader::Line>(std::move(inbox_.front()));
  const Status refused = workers_.try_submit([self = shared_from_this(), line]() mutable {
    InboundMessage message = decode_inbound(*line);
    StdioLink& link = *self;
    link.reactor_.post([self = std::move(self), message = std::move(message)]() mutable {
      self->decoded(std::move(message));
    });
  });
  if (refused.ok()) {
    inbox_.pop_front();
    return;
  }
  inbox_.front() = std::move(*line);
  reactor_.timers().set(retry_, reactor_.now() + kWorkersFullRetry);
}

void StdioLink::decoded(InboundMessage message) {
  decoding_ = false;
  if (!muted_) owner_.on_message(std::move(message));
  pump();
  settle();
}

void StdioLink::on_errors(std::uint32_t) {
  std::array<char, kReadBytes> buffer;
  const ssize_t got = read_some(child_.errors.get(), buffer);
  if (got > 0) stderr_.feed({buffer.data(), static_cast<std::size_t>(got)}, reactor_.now());
  if (got != 0) return;
  reactor_.forget(child_.errors.get());
  child_.errors.reset();
}

void StdioLink::read_errors_to_the_end() {
  for (int i = 0; i < kReadsAfterEnd && child_.errors.open(); ++i) {
    std::array<char, kReadBytes> buffer;
    const ssize_t got = read_some(child_.errors.get(), buffer);
    if (got <= 0) break;
    stderr_.feed({buffer.data(), static_cast<std::size_t>(got)}, reactor_.now());
  }
  stderr_.end(reactor_.now());
}

// --- the guard ---

void StdioLink::on_lifeline(std::uint32_t) {
  std::array<char, 256> packet;
  for (;;) {
    const ssize_t got = ::recv(child_.lifeline.get(), packet.data(), packet.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got <= 0) {  // the guard has gone; its pidfd says the rest
      reactor_.forget(child_.lifeline.get());
      child_.lifeline.reset();
      break;
    }
    const std::optional<GuardReport> report =
        decode_guard_report({packet.data(), static_cast<std::size_t>(got)});
    if (!report) continue;
    if (report->kind == GuardReport::Kind::started) {
      server_pid_ = report->pid;
      owner_.on_started(server_pid_);
      continue;
    }
    exited_ = true;
    how_ = report->kind == GuardReport::Kind::failed ? "cannot be started (" + report->reason + ")"
                                                     : describe_exit(report->status);
  }
  settle();
}

void StdioLink::on_process(std::uint32_t) {
  // What it said last comes before its end.
  if (child_.lifeline.open()) on_lifeline(EPOLLIN);
  if (reaped_) return;
  const std::optional<int> status = reap(child_);
  if (!status) return;
  reactor_.forget(child_.process.get());
  child_.process.reset();
  reaped_ = true;
  if (!exited_) {
    exited_ = true;
    how_ = "lost its guard, which " + describe_exit(*status);
    // Its death signal reached the server; its group hears it from us.
    if (server_pid_ > 0) ::kill(-server_pid_, SIGKILL);
  }
  settle();
}

void StdioLink::order(char what) {
  if (!child_.lifeline.open()) return;
  const ssize_t sent = ::send(child_.lifeline.get(), &what, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  static_cast<void>(sent);  // refused: the guard has gone, or has orders enough
}

void StdioLink::terminate() {
  order(guard::kOrderTerminate);
}

void StdioLink::kill() {
  order(guard::kOrderKill);
  if (server_pid_ > 0 && !exited_) ::kill(-server_pid_, SIGKILL);
}

void StdioLink::kill_guard() {
  if (!child_.process.open() || reaped_) return;
  ::syscall(SYS_pidfd_send_signal, child_.process.get(), SIGKILL, nullptr, 0);
}

// --- the end ---

void StdioLink::settle() {
  if (!exited_ || exit_told_ || decoding_) {
    if (reaped_ && exit_told_ && !reaped_told_) end_everything_left();
    return;
  }
  for (int i = 0; i < kReadsAfterEnd && !decoding_ && read_output(); ++i) pump();
  if (decoding_ || exit_told_) return;  // comes back when that line is decoded
  exit_told_ = true;
  close_output();
  close_input();
  read_errors_to_the_end();
  owner_.on_exit(how_);
  if (reaped_ && !reaped_told_) end_everything_left();
}

void StdioLink::end_everything_left() {
  reaped_told_ = true;
  for (OwnedFd* fd : {&child_.lifeline, &child_.errors}) {
    if (!fd->open()) continue;
    reactor_.forget(fd->get());
    fd->reset();
  }
  retry_.cancel();
  owner_.on_reaped();
}

}  // namespace devs
