#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/mcp/client_channel.h"
#include "orchestrator/mcp/mcp_house.h"
#include "orchestrator/mcp/pipe_client.h"
#include "orchestrator/net/byte_pipe.h"
#include "orchestrator/net/fd_port.h"
#include "orchestrator/net/reactor.h"
#include "orchestrator/net/worker_pool.h"
#include "orchestrator/upstream/line_reader.h"

namespace devs {

// MCP over a pair of byte streams (MCP page 4.4): one message per line, one client, both eras,
// principal `local`.
//
// Requests are read as fast as their answers are taken: while the channel is crowded, stdin
// waits.  A client that stands still then costs a bounded buffer, and nobody's time.
//
// start(), stop(), wait_written() and let_go() are the owner's; the rest is confined to the
// reactor, and each run of lines to one worker at a time.
class StdioFace : public std::enable_shared_from_this<StdioFace> {
 public:
  struct Options {
    BytePipe in, out;
    // Once, on the reactor: the client has closed its end, or takes nothing any more.
    std::function<void(std::string_view why)> on_end;
  };
  StdioFace(McpHousePtr house, Options options, WorkerPool& workers);
  ~StdioFace();
  StdioFace(const StdioFace&) = delete;
  StdioFace& operator=(const StdioFace&) = delete;

  void start();
  // Reads no more; what is said still goes out.
  void stop();
  // Blocks until every request received has its answer, and that is written, or cannot be.
  // What has none by then is refused.  REQUIRES: the reactor turns.
  void wait_written(std::chrono::milliseconds at_most);
  // Closes both streams; the client has left.
  void let_go();

 private:
  using Lines = std::vector<StdioLineReader::Line>;
  using Port = FdPort<StdioFace>;

  void read_on();
  bool read_some(Lines& lines);
  void handle(Lines lines);
  void run_lines(const Lines& lines);
  void handled();
  void on_in(std::uint32_t events);
  void watch_in(std::uint32_t events);
  void look_whether_it_stands();
  void end(std::string_view why);

  void on_out(std::uint32_t events);
  void write_on();
  bool refill();
  void write_on_worker();
  void watch_out(bool watch);
  void lose_output();
  void told_written();

  const McpHousePtr house_;
  Reactor& reactor_;
  WorkerPool& workers_;
  BytePipe in_, out_;
  std::function<void(std::string_view)> on_end_;
  const std::shared_ptr<ClientChannel> channel_;
  const std::shared_ptr<PipeClient> client_;
  Port in_port_, out_port_;

  StdioLineReader reader_;  // with whoever reads: the reactor, or one worker
  Lines waiting_;           // for a worker
  bool handling_ = false;   // lines are with a worker
  bool crowded_ = false;    // reading waits for the channel
  bool input_over_ = false;
  bool stopped_ = false;
  std::uint32_t in_events_ = 0;  // watched for
  std::uint64_t stood_at_ = 0;   // bytes written when the client closed its end
  Timer retry_, still_;

  std::string writing_;  // taken from the channel
  std::size_t written_ = 0;
  std::uint64_t bytes_written_ = 0;
  bool out_watched_ = false;
  bool writing_on_worker_ = false;
  Timer look_again_;
  std::function<void()> on_written_;
};

}  // namespace devs
