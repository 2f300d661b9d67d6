#include "orchestrator/streams/resume.h"

#include <doctest/doctest.h>

#include <string>

using namespace devs;

namespace {

constexpr LogSpan kLog{"5f3a9c01d2", 1, 900};
constexpr LogSpan kPruned{"5f3a9c01d2", 901, 1000};

RequestHead with_header(std::string value) {
  RequestHead head;
  head.fields.emplace_back("last-event-id", std::move(value));
  return head;
}
RequestHead with_query(std::string value) {
  RequestHead head;
  head.query_params.emplace_back("lastEventId", std::move(value));
  return head;
}

void check_reset(const ResumePoint& point, const std::string& reason,
                 const std::string& requested) {
  CHECK(point.from == ResumePoint::From::reset);
  CHECK(point.next == 901);
  std::string frame;
  REQUIRE(point.reset);
  append_control_frame(frame, *point.reset);
  CHECK(frame == "event: reset\ndata: {\"reason\":\"" + reason + "\",\"requested\":\"" + requested +
                     "\",\"now\":\"5f3a9c01d2-900\"}\n\n");
}

}  // namespace

TEST_CASE("[SX.2] resume: nothing, and an empty header, mean fresh") {
  for (const RequestHead& head : {RequestHead(), with_header(""), with_query("")}) {
    const ResumePoint point = resume_point(head, kLog);
    CHECK(point.from == ResumePoint::From::fresh);
    CHECK(point.next == 901);
    CHECK_FALSE(point.reset);
  }
}

TEST_CASE("[SX.2] resume: an id, by header or query, continues after it") {
  for (const RequestHead& head : {with_header("5f3a9c01d2-184"), with_query("5f3a9c01d2-184")}) {
    const ResumePoint point = resume_point(head, kLog);
    CHECK(point.from == ResumePoint::From::id);
    CHECK(point.next == 185);
    CHECK_FALSE(point.reset);
  }
  CHECK(resume_point(with_header("5f3a9c01d2-900"), kLog).next == 901);
  CHECK(resume_point(with_header("5f3a9c01d2-0"), kLog).next == 1);
}

TEST_CASE("[T28] resume: the end of a replay is a place too") {
  const ResumePoint point = resume_point(with_header("5f3a9c01d2-184-end"), kLog);
  CHECK(point.from == ResumePoint::From::end);
  CHECK(point.next == 185);
  CHECK_FALSE(point.reset);
  check_reset(resume_point(with_header("aaaaaaaaaa-12-end"), kLog), "epoch", "aaaaaaaaaa-12-end");
  for (const std::string bad :
       {"-end", "5f3a9c01d2-end", "5f3a9c01d2-1-end-end", "5f3a9c01d2-1-en"})
    check_reset(resume_point(with_header(bad), kLog), "malformed", bad);
}

TEST_CASE("[SX.2] resume: the header wins over the query") {
  RequestHead head = with_query("5f3a9c01d2-1");
  head.fields.emplace_back("last-event-id", "5f3a9c01d2-500");
  CHECK(resume_point(head, kLog).next == 501);
}

TEST_CASE("[SX.2] resume: earliest and latest are words of the query") {
  CHECK(resume_point(with_query("earliest"), kLog).next == 1);
  CHECK(resume_point(with_query("latest"), kLog).next == 901);
  const ResumePoint pruned = resume_point(with_query("earliest"), kPruned);
  CHECK(pruned.next == 901);
  CHECK_FALSE(pruned.reset);
  check_reset(resume_point(with_header("earliest"), kLog), "malformed", "earliest");
}

TEST_CASE("[SX.2] resume: older than what is kept goes on there, where a gap will be declared") {
  const ResumePoint point = resume_point(with_header("5f3a9c01d2-184"), kPruned);
  CHECK(point.next == 185);
  CHECK_FALSE(point.reset);
}

TEST_CASE("[SX.2] resume: another epoch, the future and garbage are a reset, then fresh") {
  check_reset(resume_point(with_header("aaaaaaaaaa-12"), kLog), "epoch", "aaaaaaaaaa-12");
  check_reset(resume_point(with_header("5f3a9c01d2-901"), kLog), "future", "5f3a9c01d2-901");
  for (const std::string bad : {"12", "5f3a9c01d2", "5f3a9c01d2-", "5f3a9c01d2-01", "5f3a9c01d2-+1",
                                "5F3A9C01D2-1", "5f3a9c01d2-99999999999999999999"})
    check_reset(resume_point(with_header(bad), kLog), "malformed", bad);
  check_reset(resume_point(with_query("12"), kLog), "malformed", "12");
}

TEST_CASE("[SX.2] resume: two headers are malformed, and what was asked is shown harmless") {
  RequestHead head = with_header("5f3a9c01d2-1");
  head.fields.emplace_back("last-event-id", "5f3a9c01d2-1");
  check_reset(resume_point(head, kLog), "malformed", "5f3a9c01d2-1");
  check_reset(resume_point(with_header("a\"b\\c\n\x80\x7f"), kLog), "malformed", R"(a\"b\\c???)");
  check_reset(resume_point(with_header(std::string(65, '7')), kLog), "malformed",
              std::string(64, '7'));
}
