#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/orchestrator/streams/model_house.h"
#include "tests/orchestrator/streams/model_oracle.h"
#include "tests/support/raw_client.h"

namespace devs {

// One client that comes, reads as it likes, goes, and comes back with any id.  It
// writes its lives down; they are judged when all is over.
//
// Confined to the test's thread, the only one that moves the clock.
class ModelReader {
 public:
  ModelReader(ModelHouse& house, Dice& dice, std::filesystem::path dir);

  bool connected() const { return connected_; }
  void connect();
  void read(std::size_t most);  // of what is there, without waiting
  void die();                   // by FIN or RST
  void change_topics();
  void be_thrown_out();
  void wait() const;  // a moment, for something to read
  // It follows the log and has everything, or it is gone.
  bool at_the_head() const;
  // Somebody ends it.  False: nobody did.
  bool read_to_the_end();
  // The house closes, and says so.
  void hear_goodbye();
  // The next one it visits is the same house, opened anew.
  void move_to(ModelHouse& house) { house_ = &house; }

  const std::vector<ModelLife>& lives() const { return lives_; }
  const std::string& wrong() const { return wrong_; }

 private:
  std::string any_query();
  std::string any_id(std::string& query);
  std::string any_replay();
  void take(std::string bytes);
  void look_for_gaps();
  void end();
  RawAnswer ask(const std::string& method, const std::string& path, const std::string& body);
  Sequence newest_id() const;
  Sequence gone_now() const;
  void fail(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
  }

  ModelHouse* house_;
  Dice& dice_;
  const std::filesystem::path dir_;
  std::vector<ModelLife> lives_;  // those that are over
  ModelLife life_;                // the one under way
  RawClient client_;
  bool connected_ = false;
  bool uuids_ = false;
  std::string chunks_;      // not whole yet
  std::size_t looked_ = 0;  // for gaps, of the body
  TimePoint read_at_{};
  std::string stream_id_;
  std::string last_id_;  // newest one, over all lives
  std::string wrong_;
};

}  // namespace devs
