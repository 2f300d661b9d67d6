#include "orchestrator/mcp/stdio_face.h"

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <future>
#include <utility>

#include "protocol/limits.h"

namespace devs {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kWriteBytes = 64 * 1024;
// In one turn; the others want their turn too.
constexpr int kReadsPerTurn = 4;
constexpr int kWritesPerTurn = 16;
constexpr std::chrono::milliseconds kWorkersFullRetry{10};
// A client that has closed its end and takes not a byte for so long reads no more.
constexpr std::chrono::milliseconds kStandsStill{1'000};
// For the refusals of what was not answered in time.
constexpr std::chrono::milliseconds kLastWords{100};

}  // namespace

StdioFace::StdioFace(McpHousePtr house, Options options, WorkerPool& workers)
    : house_(std::move(house)),
      reactor_(house_->reactor),
      workers_(workers),
      in_(std::move(options.in)),
      out_(std::move(options.out)),
      on_end_(std::move(options.on_end)),
      channel_(std::make_shared<ClientChannel>(reactor_)),
      client_(std::make_shared<PipeClient>(house_, Principal{}, channel_)),
      in_port_(*this, &StdioFace::on_in),
      out_port_(*this, &StdioFace::on_out),
      retry_([this] { handle(std::move(waiting_)); }),
      still_([this] { look_whether_it_stands(); }),
      look_again_([this] { write_on(); }) {
}

StdioFace::~StdioFace() = default;

void StdioFace::start() {
  reactor_.post([self = shared_from_this()] {
    block_sigpipe_here();
    self->channel_->attach([weak = self->weak_from_this()] {
      if (const auto face = weak.lock()) face->write_on();
    });
    if (!self->in_.is_open()) return self->end("stdin is closed");
    self->read_on();
  });
}

void StdioFace::stop() {
  reactor_.post([self = shared_from_this()] {
    self->stopped_ = true;
    self->watch_in(0);
  });
}

void StdioFace::wait_written(std::chrono::milliseconds at_most) {
  const auto written = std::make_shared<std::promise<void>>();
  std::future<void> done = written->get_future();
  reactor_.post([self = shared_from_this(), written] {
    self->on_written_ = [written] { written->set_value(); };
    self->write_on();
  });
  if (done.wait_for(at_most) == std::future_status::ready) return;
  reactor_.post([self = shared_from_this()] {
    self->channel_->refuse_owed(
        fault_of(Status(Code::cancelled, "the server stopped before it had an answer")));
  });
  done.wait_for(kLastWords);
}

void StdioFace::let_go() {
  reactor_.post([self = shared_from_this()] {
    self->stopped_ = true;
    self->watch_in(0);
    self->watch_out(false);
    for (Timer* timer : {&self->retry_, &self->still_, &self->look_again_}) timer->cancel();
    self->client_->leave();
    if (!self->handling_) self->in_.close();
    if (!self->writing_on_worker_) self->out_.close();
  });
}

// --- in ---

// Whatever may be read is, unless something is in the way: then that goes on from here.
void StdioFace::read_on() {
  if (handling_ || stopped_ || input_over_ || !in_.is_open()) return;
  crowded_ = channel_->crowded();
  if (crowded_) return watch_in(EPOLLRDHUP);
  if (!in_.is_polled()) return handle({});
  Lines lines;
  for (int i = 0; i < kReadsPerTurn && lines.empty() && !input_over_; ++i)
    if (!read_some(lines)) break;
  if (!lines.empty()) return handle(std::move(lines));
  if (input_over_) return end("stdin has ended");
  watch_in(EPOLLIN);
}

// False: there is nothing now.
bool StdioFace::read_some(Lines& lines) {
  std::array<char, kReadBytes> buffer;
  const ssize_t got = in_.read(buffer.data(), buffer.size());
  if (got == BytePipe::kLater) return false;
  if (got > 0) {
    reader_.feed({buffer.data(), static_cast<std::size_t>(got)}, lines);
  } else {
    reader_.feed("\n", lines);  // the last line may lack its end
    input_over_ = true;
  }
  return true;
}

void StdioFace::on_in(std::uint32_t events) {
  if (!crowded_) return read_on();
  if ((events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)) == 0) return;
  // It says no more, but has not taken what it asked for.
  watch_in(0);
  stood_at_ = bytes_written_;
  reactor_.timers().set(still_, reactor_.now() + kStandsStill);
}

void StdioFace::look_whether_it_stands() {
  if (!crowded_) return;
  if (std::exchange(stood_at_, bytes_written_) == bytes_written_)
    return end("stdin has ended, and nobody reads stdout");
  reactor_.timers().set(still_, reactor_.now() + kStandsStill);
}

void StdioFace::handle(Lines lines) {
  handling_ = true;
  watch_in(0);
  auto work = std::make_shared<Lines>(std::move(lines));
  const Status taken = workers_.try_submit([self = shared_from_this(), work] {
    // A file is read here: it may make us wait for its disk.
    if (!self->in_.is_polled()) (void)self->read_some(*work);
    self->run_lines(*work);
    self->reactor_.post([self] { self->handled(); });
  });
  if (taken.ok()) return;
  waiting_ = std::move(*work);
  reactor_.timers().set(retry_, reactor_.now() + kWorkersFullRetry);
}

void StdioFace::run_lines(const Lines& lines) {
  for (const StdioLineReader::Line& line : lines) {
    house_->stdio_in.add();
    if (line.too_long) client_->refuse(kRpcParseError, "a message has at most 8 MiB");
    if (line.too_long || !client_->receive(line.text)) house_->stdio_refused.add();
  }
}

void StdioFace::handled() {
  handling_ = false;
  if (input_over_) return end("stdin has ended");
  read_on();
}

void StdioFace::watch_in(std::uint32_t events) {
  if (in_events_ == events || !in_.is_open() || !in_.is_polled()) return;
  if (events == 0) {
    reactor_.forget(in_.fd());
  } else if (in_events_ == 0) {
    reactor_.watch(in_.fd(), events, in_port_);
  } else {
    reactor_.change(in_.fd(), events, in_port_);
  }
  in_events_ = events;
}

void StdioFace::end(std::string_view why) {
  watch_in(0);
  stopped_ = true;
  if (on_end_) std::exchange(on_end_, {})(why);
}

// --- out ---

void StdioFace::on_out(std::uint32_t) {
  write_on();
}

// True: there is something to write.
bool StdioFace::refill() {
  writing_.clear();
  written_ = 0;
  const ClientChannel::Taken taken = channel_->take(kWriteBytes);
  for (const std::string& message : taken.messages) writing_.append(message) += '\n';
  house_->stdio_out.add(taken.messages.size());
  if (taken.look_again) reactor_.timers().set(look_again_, *taken.look_again);
  return !writing_.empty();
}

void StdioFace::write_on() {
  if (channel_->given_up()) end("stdout is not read, and too much waits for it");
  if (writing_on_worker_) return;
  for (int i = 0; out_.is_open() && i < kWritesPerTurn; ++i) {
    if (written_ == writing_.size() && !refill()) {
      watch_out(false);
      if (channel_->owed() == 0) told_written();
      if (crowded_) read_on();
      return;
    }
    if (!out_.is_polled()) return write_on_worker();
    const ssize_t put = out_.write(std::string_view(writing_).substr(written_));
    if (put == BytePipe::kLater) break;
    if (put == 0) return lose_output();
    written_ += static_cast<std::size_t>(put);
    bytes_written_ += static_cast<std::uint64_t>(put);
  }
  if (!out_.is_open()) {  // said to nobody
    while (refill()) continue;
    told_written();
    return;
  }
  watch_out(true);
  if (crowded_ && !channel_->crowded()) read_on();
}

void StdioFace::write_on_worker() {
  writing_on_worker_ = true;
  const auto write = [self = shared_from_this()] {
    std::string_view rest = self->writing_;
    bool lost = false;
    while (!rest.empty() && !lost) {
      const ssize_t put = self->out_.write(rest);
      lost = put <= 0;
      if (!lost) rest.remove_prefix(static_cast<std::size_t>(put));
    }
    self->reactor_.post([self, lost] {
      self->writing_on_worker_ = false;
      self->bytes_written_ += self->writing_.size();
      self->written_ = self->writing_.size();
      if (lost) return self->lose_output();
      self->write_on();
    });
  };
  const Status taken = workers_.try_submit(write);
  if (taken.ok()) return;
  if (taken.code() == Code::unavailable) return write();  // they have stopped; so do we
  writing_on_worker_ = false;
  reactor_.timers().set(look_again_, reactor_.now() + kWorkersFullRetry);
}

void StdioFace::watch_out(bool watch) {
  if (out_watched_ == watch || !out_.is_polled()) return;
  out_watched_ = watch;
  if (watch) {
    reactor_.watch(out_.fd(), EPOLLOUT, out_port_);
  } else {
    reactor_.forget(out_.fd());
  }
}

void StdioFace::lose_output() {
  watch_out(false);
  out_.close();
  channel_->close();
  writing_.clear();
  written_ = 0;
  told_written();
  end("stdout is closed");
}

void StdioFace::told_written() {
  if (on_written_) std::exchange(on_written_, {})();
}

}  // namespace devs
