#include "orchestrator/mcp/call_reply.h"

#include <utility>

#include "orchestrator/mcp/answer_stream.h"
#include "orchestrator/mcp/session_streams.h"

namespace devs {

CallReply::CallReply(McpHousePtr house, DeferredAnswer owed, Options options)
    : house_(std::move(house)), options_(std::move(options)), owed_(std::move(owed)) {
}

CallReply::~CallReply() {
  house_->slow->remove(*this);
}

void CallReply::progress(std::string_view fields) {
  if (options_.progress_token.empty() || !options_.sse) return;
  begin_stream();
  std::uint64_t number = 0;
  if (const auto on = shelf(number)) on->progress(number, fields);
}

bool CallReply::say(std::string_view message, Say how) {
  if (!options_.sse) return false;
  begin_stream();
  std::uint64_t number = 0;
  const auto on = shelf(number);
  return on &&
         on->send(number, message, {.droppable = how == Say::droppable, .once = how == Say::once});
}

void CallReply::let_poll(std::chrono::milliseconds retry) {
  if (!options_.sse || !options_.session || !options_.session->streams()->may_part()) return;
  begin_stream();
  std::uint64_t number = 0;
  if (const auto on = shelf(number)) on->part(number, retry);
}

std::shared_ptr<StreamShelf> CallReply::shelf(std::uint64_t& stream) const {
  MutexLock lock(mutex_);
  stream = stream_;
  return ended_ ? nullptr : shelf_;
}

void CallReply::slow() {
  begin_stream();
}

void CallReply::end(RpcEnd end) {
  DeferredAnswer owed;
  std::shared_ptr<StreamShelf> shelf;
  std::uint64_t stream = 0;
  {
    MutexLock lock(mutex_);
    ended_ = true;
    owed = std::move(owed_);
    shelf = std::move(shelf_);
    stream = stream_;
  }
  house_->slow->remove(*this);
  if (shelf) {
    if (end.silent) {
      shelf->abandon(stream);
    } else {
      shelf->finish(stream, end.message);
    }
  } else if (!end.silent) {
    std::move(owed).send(http_answer_of(std::move(end)));
  } else if (options_.sse) {
    std::move(owed).stream(start_empty_stream());
  } else {
    std::move(owed).send(empty_answer(202));
  }
}

void CallReply::begin_stream() {
  {
    MutexLock lock(mutex_);
    if (ended_ || shelf_) return;
  }
  std::shared_ptr<StreamShelf> shelf =
      options_.session ? options_.session->streams()
                       : std::make_shared<StreamShelf>(StreamShelf::Options{.resumable = false},
                                                       house_->reactor);
  const StreamShelf::Reading reading = shelf->open(options_.progress_token);
  DeferredAnswer owed;
  {
    MutexLock lock(mutex_);
    if (!ended_ && !shelf_) {
      owed = std::move(owed_);
      shelf_ = shelf;
      stream_ = reading.stream;
    }
  }
  if (!owed) return shelf->abandon(reading.stream);  // somebody was faster
  house_->slow->remove(*this);
  house_->streams_begun.add();
  std::move(owed).stream(
      start_session_stream(house_, options_.session, shelf, reading, options_.on_left));
}

void HttpReply::now(RpcEnd end) {
  exchange_.respond(http_answer_of(std::move(end)));
}

std::shared_ptr<CallListener> HttpReply::later(std::string progress_token,
                                               std::function<void()> on_left) {
  if (on_left) {
    exchange_.on_gone([on_left] { on_left(); });
    exchange_.cancel_on_fin();
  }
  auto reply =
      std::make_shared<CallReply>(house_, exchange_.defer(house_->options.answer_limit),
                                  CallReply::Options{.session = session_,
                                                     .sse = sse_,
                                                     .progress_token = std::move(progress_token),
                                                     .on_left = std::move(on_left)});
  if (sse_) house_->slow->add(reply);
  return reply;
}

}  // namespace devs
