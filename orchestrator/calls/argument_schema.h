#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace devs {

struct SchemaError {
  std::string path;     // JSON pointer into the arguments: `/path`
  std::string rule;     // schema keyword: `required`
  std::string message;  // `is required (string)`
};

// An inputSchema, compiled once per tool (valijson, JSON Schema 2020-12 as far as
// it goes).  A schema it cannot judge (an unknown dialect, `pattern`, a $ref that
// is not local, over the bounds: 256 KiB, and with each $ref unfolded depth 32 and 2000
// subschemas, so none that contains itself) is *unchecked*: it says so and lets
// everything pass to the tool, which still validates; never silently "valid".  No
// network $ref is ever followed.
//
// Immutable; check() is thread-safe.
class ArgumentSchema {
 public:
  static std::shared_ptr<const ArgumentSchema> compile(std::string_view schema_json);
  virtual ~ArgumentSchema() = default;

  // At most 20 errors; empty when the arguments conform.  `arguments` is compact
  // JSON object text.
  virtual std::vector<SchemaError> check(std::string_view arguments) const = 0;
  // Why this schema is not judged; empty when it is.
  virtual const std::string& unchecked_reason() const = 0;
  // Help for a person or a model: name, up to 5 errors, required members with
  // types, one valid example; at most 2000 bytes (SAOP 4.3).
  virtual std::string help(std::string_view tool, const std::vector<SchemaError>& errors) const = 0;
};

}  // namespace devs
