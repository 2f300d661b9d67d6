#pragma once

#include <map>
#include <memory>
#include <string>

#include "orchestrator/mcp/mcp_house.h"
#include "orchestrator/mcp/pipe_client.h"
#include "orchestrator/net/route_table.h"
#include "trace/mutex.h"

namespace devs {

// The transport of 2024-11-05, HTTP+SSE: `GET /sse` is the one stream of a client, whose first
// event says where to POST; `POST /messages?session=<id>` takes one message, and its answer
// comes on the stream.  When the stream ends, the client has left.
//
// As many clients as there may be sessions; one that does not read gets 503 for its POSTs.
// Thread-safe.
class HttpSseFace : public std::enable_shared_from_this<HttpSseFace> {
 public:
  explicit HttpSseFace(McpHousePtr house) : house_(std::move(house)) {}

  Status add_routes(RouteTable& routes);
  // Every stream ends.
  void close() DEVS_EXCLUDES(mutex_);

 private:
  struct Client {
    std::shared_ptr<ClientChannel> channel;
    std::shared_ptr<PipeClient> client;
  };
  void begin(Exchange& exchange);
  void receive(Exchange& exchange);
  // False: there are too many.
  bool add(const std::string& id, Client client) DEVS_EXCLUDES(mutex_);
  Client find(const std::string& id) const DEVS_EXCLUDES(mutex_);
  void remove(const std::string& id) DEVS_EXCLUDES(mutex_);

  const McpHousePtr house_;
  mutable Mutex mutex_;
  std::map<std::string, Client> clients_ DEVS_GUARDED_BY(mutex_);  // by secret id
};

}  // namespace devs
