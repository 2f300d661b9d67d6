#include "orchestrator/streams/stream_group.h"

#include <algorithm>

namespace devs {

bool StreamView::ends_with(std::string_view name) const {
  return ends != nullptr && std::ranges::find(*ends, name) != ends->end();
}

std::string StreamView::key() const {
  std::string key(projection->name());
  key += chunked ? "/chunked" : "/bare";
  if (ends != nullptr)
    for (const std::string& name : *ends) key.append(1, '/').append(name);
  return key += '\n';
}

void WaitLink::unlink() {
  if (!linked()) return;
  next->previous = previous;
  previous->next = next;
  next = previous = nullptr;
}

void WaitList::push_back(WaitLink& link) {
  link.next = &end_;
  link.previous = end_.previous;
  end_.previous->next = &link;
  end_.previous = &link;
}

FrameBatchPtr StreamGroup::find(Sequence from) const {
  if (batches.empty() || batches.back()->last < from) return nullptr;
  // A reader at the head wants the newest one.
  if (batches.size() == 1 || batches[batches.size() - 2]->last < from) return batches.back();
  return *std::lower_bound(
      batches.begin(), batches.end(), from,
      [](const FrameBatchPtr& batch, Sequence wanted) { return batch->last < wanted; });
}

}  // namespace devs
