#pragma once

#include "orchestrator/streams/hub_core.h"

namespace devs {

// What may be asked of open streams, as StreamHub declares it.  Handlers, for http
// workers: each reads its request, asks on the reactor, and is answered from there.
void list_readers(HubCore& hub, Exchange& exchange);
void evict_reader(HubCore& hub, Exchange& exchange);
void change_reader_topics(HubCore& hub, Exchange& exchange);
void step_reader(HubCore& hub, Exchange& exchange);

}  // namespace devs
