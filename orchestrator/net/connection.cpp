#include "orchestrator/net/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace devs {

namespace {

constexpr std::size_t kMaxWaiting = 16'384;   // bytes of requests behind the present one
constexpr std::size_t kReadShare = 262'144;   // per turn and connection
constexpr std::size_t kMaxLingered = 65'536;  // dropped before we stop listening
constexpr std::chrono::milliseconds kHangUpGrace{500};
constexpr std::chrono::seconds kLinger{1};

bool in_hand(Connection::State state) {
  using State = Connection::State;
  return state == State::body || state == State::running || state == State::deferred;
}

}  // namespace

Connection::Connection(FrontShared& shared, int fd, std::string peer, std::string address_key)
    : shared_(shared),
      fd_(fd),
      peer_(std::move(peer)),
      address_key_(std::move(address_key)),
      timer_([this] { on_time(); }) {
}

Connection::~Connection() {
  if (line_) line_->remove(*this);
  if (state_ != State::ended) ::close(fd_);
}

void Connection::start(ConnectionId id) {
  id_ = id;
  since_ = shared_.reactor.now();
  shared_.table.heads.push(*this);
  shared_.reactor.timers().set(timer_, since_ + shared_.options.head_deadline);
  interest_ = EPOLLIN | EPOLLRDHUP;
  shared_.reactor.watch(fd_, interest_, *this);
}

void Connection::start_refused(ConnectionId id) {
  start(id);
  shed();
  update_interest();
}

void Connection::set_state(State next) {
  if (in_hand(state_) != in_hand(next)) shared_.table.count_in_hand(in_hand(next) ? 1 : -1);
  if ((state_ == State::stream) != (next == State::stream))
    shared_.table.count_stream(next == State::stream ? 1 : -1);
  if (state_ == State::lingering) --shared_.lingering;
  if (next == State::lingering) ++shared_.lingering;
  state_ = next;
  since_ = shared_.reactor.now();
  timer_.cancel();
  if (line_) line_->remove(*this);
  if (next == State::parked) shared_.table.parked.push(*this);
  if (next == State::head) shared_.table.heads.push(*this);
}

void Connection::update_interest() {
  if (state_ == State::ended) return;
  const bool reads = !fin_ && (in_.size() < kMaxWaiting || state_ == State::lingering);
  std::uint32_t wanted = 0;
  if (reads) wanted |= EPOLLIN | EPOLLRDHUP;
  if (blocked_) wanted |= EPOLLOUT;
  if (wanted == interest_) return;
  interest_ = wanted;
  shared_.reactor.change(fd_, wanted, *this);
}

void Connection::on_ready(std::uint32_t events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0 && state_ != State::ended) {
    // Both directions are gone: a reset, or the end of a lingering close.
    leave_stream(SseProvider::Gone::peer);
    tell_gone();
    end();
    return;
  }
  if ((events & (EPOLLIN | EPOLLRDHUP)) != 0) read_some();
  if (state_ != State::ended && (events & EPOLLOUT) != 0) {
    blocked_ = false;
    state_ == State::stream ? pump() : flush_answer();
  }
  update_interest();
}

void Connection::on_wake() {
  if (state_ == State::stream) {
    idle_ = false;
    if (!blocked_) pump();
  } else if (state_ == State::writing) {
    if (!blocked_) flush_answer();
  } else if (state_ == State::parked || state_ == State::head) {
    take({});
    if (fin_ && (state_ == State::parked || state_ == State::head)) on_fin();
  }
  update_interest();
}

void Connection::read_some() {
  // A peer that speaks beside its stream is heard in small portions: each may ask for work.
  std::size_t share = state_ == State::stream ? kMaxWaiting : kReadShare;
  while (state_ != State::ended && !fin_ && share > 0) {
    std::size_t room = state_ == State::body || state_ == State::lingering
                           ? ConnectionTable::kScratch
                           : kMaxWaiting - std::min(in_.size(), kMaxWaiting);
    room = std::min(room, share);
    if (room == 0) return;
    char* const scratch = shared_.table.scratch();
    const ssize_t got = recv(fd_, scratch, room, MSG_DONTWAIT);
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      leave_stream(SseProvider::Gone::peer);
      tell_gone();
      end();
      return;
    }
    if (got == 0) {
      fin_ = true;
      on_fin();
      return;
    }
    const auto size = static_cast<std::size_t>(got);
    share -= size;
    take({scratch, size});
    if (size < room) return;
  }
}

// Everything that waits, then everything that is new, as far as the state allows.
void Connection::take(std::string_view fresh) {
  std::string held;
  std::string_view bytes = fresh;
  if (!in_.empty()) {
    held.swap(in_);
    held.append(fresh);
    bytes = held;
  }
  const auto reads = [this] {
    return state_ == State::parked || state_ == State::head || state_ == State::body;
  };
  while (!bytes.empty() && reads()) {
    const std::size_t used = state_ == State::body ? take_body(bytes) : take_head(bytes);
    if (used == 0) break;
    bytes.remove_prefix(used);
  }
  if (state_ == State::ended || bytes.empty()) return;
  if (state_ == State::stream) {
    hear(bytes);
  } else if (state_ == State::lingering) {
    lingered_ += bytes.size();
    if (lingered_ > kMaxLingered) end();
  } else if (state_ == State::writing && close_after_) {
    must_linger_ = true;  // dropped: nothing will look at it
  } else if (bytes.data() == held.data()) {
    in_.swap(held);
  } else {
    in_.assign(bytes);
  }
}

std::size_t Connection::take_head(std::string_view bytes) {
  if (!incoming_) {
    if (requests_ > 0 && !crlf_skipped_ && bytes.front() == '\r') {
      // Some clients end a body with a line end that belongs to nothing.
      if (bytes.size() < 2) return 0;
      if (bytes[1] == '\n') {
        crlf_skipped_ = true;
        return 2;
      }
    }
    const bool shedding = requests_ > 0 && shared_.level() == LoadLevel::Level::shed;
    if (shared_.closing.load(std::memory_order_relaxed) || shedding ||
        shared_.dispatcher.queue_is_old()) {
      shed();
      return bytes.size();
    }
    if (state_ == State::parked) {
      set_state(State::head);
      shared_.reactor.timers().set(timer_, since_ + shared_.options.head_deadline);
    }
    incoming_ = std::make_unique<Incoming>(shared_.options.head);
  }
  HeadParser& parser = incoming_->parser;
  switch (parser.look(bytes)) {
    case HeadParser::Step::more:
      return 0;
    case HeadParser::Step::refused:
      is_head_ = false;
      refuse(parser.refusal().status, parser.refusal().reason);
      return bytes.size();
    case HeadParser::Step::done:
      break;
  }
  const std::size_t size = parser.size();
  return admit(bytes.substr(size)) ? size : bytes.size();
}

// False: refused, nothing more is read.
bool Connection::admit(std::string_view after_head) {
  RequestHead& head = incoming_->parser.head();
  is_head_ = incoming_->parser.method_known() && head.method == Method::head;
  http_1_0_ = head.http_1_0;
  Admitted admitted = shared_.admission.judge(incoming_->parser);
  if (!admitted.reason.empty()) {
    refuse_with(std::move(*admitted.answer), admitted.reason);
    return false;
  }
  ++requests_;
  crlf_skipped_ = false;
  id_ = shared_.table.renew(id_);
  route_ = admitted.route;
  cors_ = admitted.cors.origin.empty() ? nullptr : std::make_unique<CorsGrant>(admitted.cors);
  must_linger_ = head.keep_alive;  // it may have sent more by the time we close
  close_after_ = !head.keep_alive || requests_ >= shared_.options.max_requests_per_connection;
  if (admitted.answer) {
    incoming_.reset();
    finish_and_write(encode_answer(std::move(*admitted.answer), shared_.options.max_answer_bytes));
    return true;
  }
  head.peer_address = peer_;
  auto request = std::make_unique<Request>();
  request->head = std::move(head);
  request->route = route_;
  request->cors = std::move(admitted.cors);
  incoming_->request = std::move(request);
  begin_body(after_head);
  return state_ != State::writing && state_ != State::lingering && state_ != State::ended;
}

bool Connection::must_close() const {
  return close_after_ || shared_.closing.load(std::memory_order_relaxed) ||
         shared_.level() != LoadLevel::Level::normal;
}

// The peer has said everything it will say.
void Connection::on_fin() {
  switch (state_) {
    case State::head:
      if (incoming_ || !in_.empty())
        refuse(400, "truncated");
      else
        end();
      return;
    case State::body:
      refuse(400, "truncated");
      return;
    case State::parked:
    case State::lingering:
      end();
      return;
    case State::running:
    case State::deferred:
      if (hanging_up_cancels()) {
        const TimePoint grace = shared_.reactor.now() + kHangUpGrace;
        if (!timer_.armed() || timer_.deadline() > grace)
          shared_.reactor.timers().set(timer_, grace);
      }
      return;
    case State::stream:
      if (upgraded_ && !blocked_) {  // it may have said goodbye: the answer is due
        idle_ = false;
        pump();
      }
      if (state_ != State::stream) return;
      leave_stream(SseProvider::Gone::peer);
      end();
      return;
    case State::writing:  // what it asked for it still gets
    case State::ended:
      return;
  }
}

void Connection::on_time() {
  const TimePoint now = shared_.reactor.now();
  switch (state_) {
    case State::head:
      if (incoming_ || !in_.empty())
        refuse(408, "head");
      else
        end();
      break;
    case State::body:
      on_body_time();
      break;
    case State::running:
    case State::deferred:
      if (fin_ && hanging_up_cancels())
        abandon();
      else if (state_ == State::deferred && now >= deadline_) {
        tell_gone();
        shared_.count_refusal(504, "deadline");
        finish_and_write(
            encode_answer(refusal_answer(504, "deadline"), shared_.options.max_answer_bytes));
      }
      break;
    case State::writing: {
      const TimePoint due = std::min(since_ + shared_.options.write_stall, deadline_);
      if (now >= due)
        reset();
      else
        shared_.reactor.timers().set(timer_, due);
      break;
    }
    case State::stream:
      on_stall();
      break;
    case State::parked:
    case State::lingering:
      end();
      break;
    case State::ended:
      break;
  }
  update_interest();
}

void Connection::make_room() {
  shared_.count_refusal(503, "room");
  end();
}

void Connection::on_closing() {
  if (state_ == State::parked && in_.empty()) end();
}

void Connection::on_stopping() {
  switch (state_) {
    case State::parked:
    case State::head:
    case State::body:
    case State::lingering:
      end();
      break;
    case State::writing:
      close_after_ = true;
      break;
    case State::running:
    case State::deferred:
    case State::stream:  // its provider says goodbye in its own time
    case State::ended:
      break;
  }
}

void Connection::linger() {
  constexpr std::size_t kMaxLingering = 256;
  if (fin_ || !must_linger_ || shared_.lingering >= kMaxLingering ||
      shared_.stopping.load(std::memory_order_relaxed)) {
    end();
    return;
  }
  shutdown(fd_, SHUT_WR);
  set_state(State::lingering);
  std::string().swap(in_);
  shared_.reactor.timers().set(timer_, since_ + kLinger);
}

void Connection::end() {
  if (state_ == State::ended) return;
  shared_.reactor.forget(fd_);
  ::close(fd_);
  set_state(State::ended);
  release_body();
  shared_.answers -= answer_held_;
  answer_held_ = 0;
  incoming_.reset();
  out_.clear();
  provider_.reset();
  shared_.table.drop(id_);
}

}  // namespace devs
