#include "orchestrator/query/index_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "orchestrator/query/index_schema.h"

namespace devs {
namespace {

// "devs" in ASCII: a file of somebody else is not taken for ours.
constexpr std::int64_t kApplicationId = 0x64657673;
// Deleting costs as much as indexing did; in between, new entries get their turn.
constexpr Sequence kTrimRows = 2'048;

SqlValue number(Sequence sequence) {
  return static_cast<std::int64_t>(sequence);
}
SqlValue or_null(const std::string& text) {
  return text.empty() ? SqlValue() : SqlValue(std::string_view(text));
}

// FNV-1a: recognises the entry the index stopped at.
std::int64_t tail_of(std::string_view body) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : body) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return static_cast<std::int64_t>(hash | 1U);  // 0: no entry yet
}

constexpr const char* kInsertEntry =
    "INSERT INTO entries(sequence,at_ms,ts_ns,stored_ms,type,tool,status,agent,session,task,thread,"
    "tool_call_id,thought_id,source_thought_id,trace_id,span_id,parent_span_id,turn_index,"
    "duration_ms,slowness,failed,owner,topics) "
    "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
constexpr const char* kInsertText = "INSERT INTO texts(rowid,text) VALUES(?,?)";
constexpr const char* kAddSession =
    "INSERT INTO "
    "sessions(session,owner,first_sequence,last_sequence,first_ms,last_ms,entries,calls,"
    "errors) VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT(session,owner) DO UPDATE SET "
    "last_sequence=excluded.last_sequence, first_ms=min(first_ms,excluded.first_ms), "
    "last_ms=max(last_ms,excluded.last_ms), entries=entries+excluded.entries, "
    "calls=calls+excluded.calls, errors=errors+excluded.errors";
constexpr const char* kAddAgent =
    "INSERT OR IGNORE INTO session_agents(session,owner,agent) VALUES(?,?,?)";
constexpr const char* kAddTimes =
    "INSERT INTO times(block,first_ms,last_ms) VALUES(?,?,?) ON CONFLICT(block) DO UPDATE SET "
    "first_ms=min(first_ms,excluded.first_ms), last_ms=max(last_ms,excluded.last_ms)";
constexpr const char* kAddLoss = "INSERT OR REPLACE INTO losses(first,last,reason) VALUES(?,?,?)";
constexpr const char* kSetState = "UPDATE state SET through=?, tail=?";

}  // namespace

struct IndexWriter::Statements {
  SqlStatement entry, text, session, agent, times, loss, state;
  std::unique_ptr<SpanWriter> spans;
};

void IndexWriter::Drop::operator()(Statements* statements) const {
  delete statements;
}

Result<std::unique_ptr<IndexWriter>> IndexWriter::open(const std::filesystem::path& file,
                                                       const StoredLog& stored, const Epoch& epoch,
                                                       Log& log) {
  const bool in_memory = file.empty();
  for (const bool second_try : {false, true}) {
    std::unique_ptr<IndexWriter> writer(new IndexWriter(stored, epoch));
    auto connection = SqlConnection::open(
        file, in_memory ? SqlConnection::Mode::memory : SqlConnection::Mode::write);
    if (!connection.ok()) return connection.status();
    writer->connection_ = std::move(*connection);

    const auto why = writer->disagreement();
    Status opened = why.ok() ? Status() : why.status();
    if (why.ok() && !*why) opened = writer->prepare();
    if (opened.ok() && why.ok() && !*why) return writer;
    // A disk that refuses is not mended by removing what it still holds.
    if (opened.code() == Code::unavailable || second_try || in_memory)
      return opened.ok() ? Status(Code::internal, "trace index: " + **why) : opened;

    log.warn("trace_index_rebuilt",
             {{"file", file.string()}, {"reason", opened.ok() ? **why : opened.message()}});
    writer.reset();
    if (Status removed = remove(file); !removed.ok()) return removed;
  }
  return Status(Code::internal, "trace index: unreachable");
}

Status IndexWriter::remove(const std::filesystem::path& file) {
  for (const char* suffix : {"-wal", "-shm", "-journal", ""}) {
    std::error_code failed;
    std::filesystem::path each = file;
    each += suffix;
    std::filesystem::remove(each, failed);
    if (failed)
      return {Code::unavailable,
              fmt::format("cannot remove {}: {}", each.string(), failed.message())};
  }
  return {};
}

std::unique_ptr<SqlConnection> IndexWriter::release() {
  statements_.reset();
  return std::move(connection_);
}

Result<std::optional<std::string>> IndexWriter::disagreement() {
  using Why = std::optional<std::string>;
  // NORMAL: a power cut may take the last batches, never the order of the file.
  for (const char* setting : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL",
                              "PRAGMA cache_size=-16384", "PRAGMA journal_size_limit=67108864"})
    if (Status set = connection_->execute(setting); !set.ok()) return set;

  const auto application = connection_->number("PRAGMA application_id");
  if (!application.ok()) return application.status();
  const auto tables = connection_->number("SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  if (*tables == 0) {
    if (Status created = create(); !created.ok()) return created;
    begun_anew_ = true;
    return Why();
  }
  const auto version = connection_->number("PRAGMA user_version");
  if (!version.ok()) return version.status();
  if (*application != kApplicationId) return Why("it is no trace index");
  if (*version != kIndexVersion)
    return Why(fmt::format("it has version {}, this program writes {}", *version, kIndexVersion));

  auto state = connection_->prepare("SELECT epoch, through, tail FROM state");
  if (!state.ok()) return state.status();
  const auto row = state->step();
  if (!row.ok()) return row.status();
  if (!*row) return Why("it does not say how far it got");
  if (state->text(0) != epoch_) return Why("it is of another log");
  through_ = static_cast<Sequence>(state->integer(1));
  const std::int64_t tail = state->integer(2);
  if (through_ > stored_.last())
    return Why(fmt::format("it has entry {}, the log ends at {}", through_, stored_.last()));
  if (tail == 0 || through_ < stored_.oldest()) return Why();
  std::optional<std::int64_t> now;
  (void)stored_.read(through_, {1, 1},
                     [&now](const StoredLine& line) { now = tail_of(line.body); });
  if (now && *now != tail) return Why(fmt::format("its entry {} is not the log's", through_));
  return Why();
}

Status IndexWriter::create() {
  SqlTransaction transaction(*connection_);
  if (Status begun = transaction.begin(); !begun.ok()) return begun;
  const std::string marks = fmt::format("PRAGMA application_id={}; PRAGMA user_version={};",
                                        kApplicationId, kIndexVersion);
  if (Status made = connection_->execute(kIndexSchema); !made.ok()) return made;
  if (Status marked = connection_->execute(marks.c_str()); !marked.ok()) return marked;
  auto state = connection_->prepare("INSERT INTO state(id,epoch,through,tail) VALUES(1,?,0,0)");
  if (!state.ok()) return state.status();
  if (Status set = state->bind(1, std::string_view(epoch_)).run(); !set.ok()) return set;
  return transaction.commit();
}

Status IndexWriter::prepare() {
  auto entry = connection_->prepare(kInsertEntry);
  if (!entry.ok()) return entry.status();
  auto text = connection_->prepare(kInsertText);
  if (!text.ok()) return text.status();
  auto session = connection_->prepare(kAddSession);
  if (!session.ok()) return session.status();
  auto agent = connection_->prepare(kAddAgent);
  if (!agent.ok()) return agent.status();
  auto times = connection_->prepare(kAddTimes);
  if (!times.ok()) return times.status();
  auto loss = connection_->prepare(kAddLoss);
  if (!loss.ok()) return loss.status();
  auto state = connection_->prepare(kSetState);
  if (!state.ok()) return state.status();
  auto spans = SpanWriter::prepare(*connection_);
  if (!spans.ok()) return spans.status();
  statements_.reset(new Statements{std::move(*entry), std::move(*text), std::move(*session),
                                   std::move(*agent), std::move(*times), std::move(*loss),
                                   std::move(*state), std::move(*spans)});
  const auto first = connection_->number("SELECT min(sequence) FROM entries");
  if (!first.ok()) return first.status();
  first_row_ = static_cast<Sequence>(*first);
  return {};
}

Result<Sequence> IndexWriter::advance(Sequence last, Batch batch) {
  const Sequence from = std::max(through_ + 1, stored_.oldest());
  if (from > last) return Sequence{0};
  std::vector<IndexRow> rows;
  std::vector<SpanWriter::Row> spans;
  std::string last_body;  // of the entry the batch ends with
  const std::size_t room =
      static_cast<std::size_t>(std::min<Sequence>(last - from + 1, batch.entries));
  const ReadOutcome read = stored_.read(from, {room, batch.bytes}, [&](const StoredLine& line) {
    last_body = line.body;
    IndexRow row = index_row_of(line);
    if (!is_indexed(row.facts.type)) return;
    const std::string id = encode_event_id(epoch_, line.sequence);
    if (auto span = span_of({id, line.body, row.facts, line.topics}))
      spans.push_back({line.sequence, row.at_ms, std::move(*span)});
    rows.push_back(std::move(row));
  });
  const Sequence through = std::min(read.next - 1, last);
  if (through <= through_) return Sequence{0};
  if (read.loss) losses_.push_back({from, through, read.loss->reason});
  // What is lost is passed over; the file names the last entry it saw itself, because a
  // log that lost its end may be shorter after the next start.
  if (last_body.empty()) return through - std::exchange(through_, through);

  SqlTransaction transaction(*connection_);
  if (Status begun = transaction.begin(); !begun.ok()) return begun;
  if (Status stored = store(rows); !stored.ok()) return stored;
  if (Status stored = store_spans(spans); !stored.ok()) return stored;
  if (Status noted = note_times(rows); !noted.ok()) return noted;
  if (Status told = store_losses(); !told.ok()) return told;
  if (Status rolled = roll_up(rows); !rolled.ok()) return rolled;
  statements_->state.bind(1, number(through)).bind(2, tail_of(last_body));
  if (Status set = statements_->state.run(); !set.ok()) return set;
  if (Status committed = transaction.commit(); !committed.ok()) return committed;
  losses_.clear();
  if (first_row_ == 0 && !rows.empty()) first_row_ = rows.front().sequence;
  return through - std::exchange(through_, through);
}

Status IndexWriter::store(const std::vector<IndexRow>& rows) {
  for (const IndexRow& row : rows) {
    const EnvelopeFacts& facts = row.facts;
    SqlStatement& entry = statements_->entry;
    entry.bind(1, number(row.sequence)).bind(2, row.at_ms).bind(3, facts.timestamp_ns);
    entry.bind(4, row.stored_ms).bind(5, std::string_view(facts.type)).bind(6, or_null(facts.tool));
    entry.bind(7, or_null(facts.status)).bind(8, or_null(facts.agent_id));
    entry.bind(9, or_null(facts.session_id)).bind(10, or_null(facts.task_id));
    entry.bind(11, or_null(row.thread)).bind(12, or_null(row.tool_call_id));
    entry.bind(13, or_null(row.thought_id)).bind(14, or_null(row.source_thought_id));
    entry.bind(15, or_null(row.trace_id)).bind(16, or_null(row.span_id));
    entry.bind(17, or_null(row.parent_span_id));
    entry.bind(18, row.turn_index ? SqlValue(*row.turn_index) : SqlValue());
    entry.bind(19, facts.duration_ms ? SqlValue(*facts.duration_ms) : SqlValue());
    entry.bind(20, facts.duration_ms ? SqlValue(slowness_of(*facts.duration_ms)) : SqlValue());
    entry.bind(21, std::int64_t{row.failed}).bind(22, or_null(row.owner));
    entry.bind(23, or_null(row.topics));
    if (Status ran = entry.run(); !ran.ok()) return ran;
    SqlStatement& text = statements_->text;
    text.bind(1, number(row.sequence)).bind(2, std::string_view(row.text));
    if (Status ran = text.run(); !ran.ok()) return ran;
  }
  return {};
}

Status IndexWriter::store_spans(const std::vector<SpanWriter::Row>& rows) {
  for (const SpanWriter::Row& row : rows)
    if (Status stored = statements_->spans->store(row); !stored.ok()) return stored;
  return {};
}

Status IndexWriter::note_times(const std::vector<IndexRow>& rows) {
  for (std::size_t at = 0; at < rows.size();) {
    const Sequence block = rows[at].sequence / kTimeBlock;
    std::int64_t first_ms = rows[at].at_ms, last_ms = first_ms;
    for (; at < rows.size() && rows[at].sequence / kTimeBlock == block; ++at) {
      first_ms = std::min(first_ms, rows[at].at_ms);
      last_ms = std::max(last_ms, rows[at].at_ms);
    }
    SqlStatement& times = statements_->times;
    times.bind(1, number(block)).bind(2, first_ms).bind(3, last_ms);
    if (Status ran = times.run(); !ran.ok()) return ran;
  }
  return {};
}

Status IndexWriter::store_losses() {
  for (const Loss& lost : losses_) {
    SqlStatement& loss = statements_->loss;
    loss.bind(1, number(lost.from)).bind(2, number(lost.through)).bind(3, name_of(lost.reason));
    if (Status ran = loss.run(); !ran.ok()) return ran;
  }
  return {};
}

Status IndexWriter::roll_up(const std::vector<IndexRow>& rows) {
  struct Sum {
    Sequence first = 0, last = 0;
    std::int64_t first_ms = 0, last_ms = 0, entries = 0, calls = 0, errors = 0;
    std::set<std::string_view> agents;
  };
  std::map<std::pair<std::string_view, std::string_view>, Sum> sums;
  for (const IndexRow& row : rows) {
    if (row.facts.session_id.empty()) continue;
    Sum& sum = sums[{row.facts.session_id, row.owner}];
    if (sum.entries++ == 0) {
      sum.first = row.sequence;
      sum.first_ms = sum.last_ms = row.at_ms;
    }
    sum.last = row.sequence;
    sum.first_ms = std::min(sum.first_ms, row.at_ms);
    sum.last_ms = std::max(sum.last_ms, row.at_ms);
    sum.calls += row.facts.type == "action" ? 1 : 0;
    sum.errors += row.failed ? 1 : 0;
    if (!row.facts.agent_id.empty()) sum.agents.insert(row.facts.agent_id);
  }
  for (const auto& [who, sum] : sums) {
    const auto& [name, owner] = who;
    SqlStatement& session = statements_->session;
    session.bind(1, name).bind(2, owner).bind(3, number(sum.first)).bind(4, number(sum.last));
    session.bind(5, sum.first_ms).bind(6, sum.last_ms).bind(7, sum.entries);
    session.bind(8, sum.calls).bind(9, sum.errors);
    if (Status ran = session.run(); !ran.ok()) return ran;
    for (const std::string_view agent : sum.agents) {
      statements_->agent.bind(1, name).bind(2, owner).bind(3, agent);
      if (Status ran = statements_->agent.run(); !ran.ok()) return ran;
    }
  }
  return {};
}

Result<bool> IndexWriter::trim(Sequence oldest) {
  if (first_row_ == 0 || first_row_ >= oldest) return false;
  const Sequence first_kept = std::min(oldest, first_row_ + kTrimRows);
  SqlTransaction transaction(*connection_);
  if (Status begun = transaction.begin(); !begun.ok()) return begun;
  if (Status forgot = forget_before(first_kept); !forgot.ok()) return forgot;
  const auto first = connection_->number("SELECT min(sequence) FROM entries");
  if (!first.ok()) return first.status();
  if (Status committed = transaction.commit(); !committed.ok()) return committed;
  first_row_ = static_cast<Sequence>(*first);
  return first_row_ != 0 && first_row_ < oldest;
}

Status IndexWriter::forget_before(Sequence first_kept) {
  static_assert(kTimeBlock == 1'024);
  for (const char* sql :
       {"UPDATE sessions SET entries=sessions.entries-gone.entries, "
        "calls=sessions.calls-gone.calls, errors=sessions.errors-gone.errors FROM (SELECT session, "
        "ifnull(owner,'') AS owner, "
        "count(*) AS entries, sum(type='action') AS calls, sum(failed) AS errors FROM entries "
        "WHERE sequence<?1 AND session IS NOT NULL GROUP BY 1,2) AS gone "
        "WHERE sessions.session=gone.session AND sessions.owner=gone.owner",
        "DELETE FROM session_agents WHERE (session,owner) IN "
        "(SELECT session,owner FROM sessions WHERE entries<=0 AND last_sequence<?1)",
        "DELETE FROM sessions WHERE entries<=0 AND last_sequence<?1",
        "DELETE FROM losses WHERE last<?1", "DELETE FROM times WHERE block<?1/1024",
        "DELETE FROM texts WHERE rowid<?1", "DELETE FROM entries WHERE sequence<?1"}) {
    auto statement = connection_->prepare(sql);
    if (!statement.ok()) return statement.status();
    if (Status ran = statement->bind(1, number(first_kept)).run(); !ran.ok()) return ran;
  }
  return statements_->spans->forget_before(first_kept);
}

}  // namespace devs
