#pragma once

#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/store/sql.h"

namespace devs {

// The conditions of one statement, and the values they are bound to.
//
// The text is put together from constants of this house only.
class Conditions {
 public:
  Conditions() = default;
  Conditions(Conditions&&) = default;  // and no copies: views of its texts are bound
  Conditions& operator=(Conditions&&) = default;

  Conditions& add(std::string_view sql) {
    text_.append(text_.empty() ? " WHERE " : " AND ").append(sql);
    return *this;
  }
  Conditions& with(SqlValue value) {
    values_.push_back(value);
    return *this;
  }
  Conditions& with_text(std::string text) {
    return with(std::string_view(kept_.emplace_back(std::move(text))));
  }
  void add_if(std::string_view sql, const std::string& value) {
    if (!value.empty()) add(sql).with(std::string_view(value));
  }
  template <class T>
  void add_if(std::string_view sql, const std::optional<T>& value) {
    if (value) add(sql).with(SqlValue(*value));
  }
  // One that is asked inside this.
  void add_within(std::string_view sql, Conditions inner) {
    if (inner.text_.empty()) return;
    add(std::string(sql) + inner.text_ + ")");
    for (const SqlValue& value : inner.values_) with(value);
    kept_.splice(kept_.end(), inner.kept_);
  }

  const std::string& sql() const { return text_; }
  int bind(SqlStatement& statement) const {
    int at = 0;
    for (const SqlValue& value : values_) statement.bind(++at, value);
    return at;
  }

 private:
  std::string text_;
  std::vector<SqlValue> values_;
  std::list<std::string> kept_;  // what is bound stays where it is
};

}  // namespace devs
