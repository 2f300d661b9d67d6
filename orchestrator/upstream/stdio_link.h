#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/net/fd_port.h"
#include "orchestrator/net/reactor.h"
#include "orchestrator/net/worker_pool.h"
#include "orchestrator/upstream/child_process.h"
#include "orchestrator/upstream/inbound_message.h"
#include "orchestrator/upstream/line_reader.h"
#include "orchestrator/upstream/stderr_relay.h"

namespace devs {

// One running child and the four descriptors to it: lines out, messages in, in
// the order the child wrote them, then its end.
//
// Small lines are decoded where they are read; a line over kDecodeHere goes to a
// worker, and until it is back nothing more is read, so that one child's 8 MiB
// stall nobody and memory stays bounded by a line.
//
// Confined to the reactor.  Made by make_shared; the owner lets go of it in
// on_reaped(), never earlier.
class StdioLink : public std::enable_shared_from_this<StdioLink> {
 public:
  // Called on the reactor; may call back, also destroy its pointer.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_started(pid_t server) = 0;
    virtual void on_message(InboundMessage message) = 0;
    // The server has ended and all it wrote was delivered.  Once.
    virtual void on_exit(std::string how) = 0;
    // Nobody is left: neither the guard nor anyone the server started.  Last.
    virtual void on_reaped() = 0;
  };

  static constexpr std::size_t kDecodeHere = 64 * 1024;
  static constexpr std::size_t kMaxQueued = 8 * 1024 * 1024;  // to a child that does not read

  StdioLink(std::string server, ChildEnds child, Reactor& reactor, WorkerPool& workers, Log& log,
            Metrics& metrics, Owner& owner);
  ~StdioLink();
  StdioLink(const StdioLink&) = delete;
  StdioLink& operator=(const StdioLink&) = delete;

  void begin();  // once, after construction

  // One message, LF added.  False: the child does not read, or has closed its
  // stdin; nothing was queued.
  bool send(std::string_view line);
  // What it says from now on is read and thrown away.
  void mute() { muted_ = true; }

  // The ladder's steps, each harmless after the end.
  void close_input();
  void terminate();
  void kill();
  // A guard that somebody stopped obeys nobody; its death takes the server along.
  void kill_guard();

  const std::string& last_words() const { return stderr_.last_line(); }

 private:
  using Port = FdPort<StdioLink>;

  void on_input(std::uint32_t events);
  void on_output(std::uint32_t events);
  void on_errors(std::uint32_t events);
  void on_lifeline(std::uint32_t events);
  void on_process(std::uint32_t events);

  bool read_output();  // false: nothing there now, or the end
  void read_errors_to_the_end();
  void pump();
  void decode_on_worker();
  void decoded(InboundMessage message);
  void watch_output(bool watch);
  void close_output();
  void order(char what);
  void settle();
  void end_everything_left();

  const std::string server_;
  Reactor& reactor_;
  WorkerPool& workers_;
  Owner& owner_;
  ChildEnds child_;
  std::vector<std::unique_ptr<Port>> ports_;
  Timer retry_;  // the workers were full

  std::string out_;  // bytes for stdin, from out_at_ on
  std::size_t out_at_ = 0;
  bool input_watched_ = false;

  StdioLineReader lines_;
  std::deque<StdioLineReader::Line> inbox_;
  bool output_watched_ = false;
  bool decoding_ = false;  // on a worker, or waiting for one
  bool pumping_ = false;
  bool muted_ = false;
  StderrRelay stderr_;

  pid_t server_pid_ = 0;
  bool exited_ = false;  // the server; how_ says how
  std::string how_;
  bool exit_told_ = false;
  bool reaped_ = false;  // the guard
  bool reaped_told_ = false;
};

}  // namespace devs
