#include "orchestrator/mcp/rpc_reply.h"

#include <utility>

namespace devs {

RpcEnd result_end(std::string_view id, std::string_view result) {
  RpcEnd end;
  end.message = encode_rpc_result(id, result);
  return end;
}

RpcEnd fault_end(std::string_view id, const RpcFault& fault, int http_status) {
  RpcEnd end;
  end.message = encode_rpc_error(id, fault);
  end.http_status = http_status;
  return end;
}

RpcEnd refused_end(std::string_view id, const Status& refused) {
  RpcFault fault = fault_of(refused);
  if (refused.code() == Code::unavailable) fault.data = R"({"reason":"recorder"})";
  if (refused.code() == Code::cancelled) fault.data = R"({"reason":"shutdown"})";
  if (refused.code() == Code::resource_exhausted) fault.data = R"({"reason":"overload"})";
  const bool is_temporary = refused.code() == Code::unavailable ||
                            refused.code() == Code::cancelled ||
                            refused.code() == Code::resource_exhausted;
  RpcEnd end = fault_end(id, fault);
  if (is_temporary) end.http_status = http_status_of(Code::unavailable);
  end.retry_later = is_temporary;
  return end;
}

HttpAnswer http_answer_of(RpcEnd end) {
  HttpAnswer answer = json_answer(end.http_status, std::move(end.message));
  if (end.retry_later) answer.headers.emplace_back("Retry-After", "1");
  if (!end.session_id.empty()) {
    answer.headers.emplace_back("Mcp-Session-Id", std::move(end.session_id));
  }
  return answer;
}

HttpAnswer empty_answer(int http_status) {
  HttpAnswer answer;
  answer.status = http_status;
  return answer;
}

}  // namespace devs
