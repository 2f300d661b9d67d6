#include "orchestrator/mcp/batch_reply.h"

#include <utility>

namespace devs {

class BatchReply::Listener final : public CallListener {
 public:
  explicit Listener(std::shared_ptr<BatchReply> batch) : batch_(std::move(batch)) {}
  void progress(std::string_view) override {}
  bool say(std::string_view, Say) override { return false; }
  void end(RpcEnd end) override { batch_->add(std::move(end)); }

 private:
  const std::shared_ptr<BatchReply> batch_;
};

class BatchReply::Slot final : public RpcReply {
 public:
  explicit Slot(std::shared_ptr<BatchReply> batch) : batch_(std::move(batch)) {}
  void now(RpcEnd end) override { batch_->add(std::move(end)); }
  std::shared_ptr<CallListener> later(std::string, std::function<void()>) override {
    return std::make_shared<Listener>(batch_);
  }

 private:
  const std::shared_ptr<BatchReply> batch_;
};

std::unique_ptr<RpcReply> BatchReply::slot() {
  return std::make_unique<Slot>(shared_from_this());
}

void BatchReply::add(RpcEnd end) {
  Answer answer;
  std::string responses;
  {
    MutexLock lock(mutex_);
    if (!end.silent) {
      if (!responses_.empty()) responses_ += ',';
      responses_ += end.message;
    }
    if (--outstanding_ != 0) return;
    answer = std::move(answer_);
    responses = std::move(responses_);
  }
  if (!responses.empty()) responses = "[" + responses + "]";
  answer(std::move(responses));
}

}  // namespace devs
