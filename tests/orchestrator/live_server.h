#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>

#include "orchestrator/orchestrator_server.h"
#include "tests/support/http_wire.h"
#include "tests/support/temp_dir.h"

namespace devs {

// A whole server on a port of its own, its log in a directory of its own.
struct LiveServer {
  TempDir dir;
  std::unique_ptr<OrchestratorServer> server;

  explicit LiveServer(OrchestratorServer::Options options = {}) {
    options.trace_dir = dir.path();
    options.log = &stderr_log(Log::Level::error);
    auto opened = OrchestratorServer::open(std::move(options));
    REQUIRE(opened.ok());
    server = std::move(*opened);
    REQUIRE(server->start().ok());
  }
  WireAnswer get(const std::string& path) {
    HttpWire wire(server->port());
    wire.send("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server->port()) +
              "\r\n\r\n");
    return wire.read_answer();
  }
  WireAnswer post(const std::string& path, const std::string& body) {
    HttpWire wire(server->port());
    wire.send("POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server->port()) +
              "\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream" +
              "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return wire.read_answer();
  }
};

}  // namespace devs
