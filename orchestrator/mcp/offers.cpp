#include "orchestrator/mcp/offers.h"

#include <algorithm>

namespace devs {
namespace {

void member(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out += out.size() > 1 ? ",\"" : "\"";
  out.append(name).append("\":");
  append_json_string(out, value);
}

std::string described(std::string_view key, std::string_view value, std::string_view name,
                      std::string_view description, std::string_view mime_type) {
  std::string out = "{";
  member(out, key, value);
  member(out, "name", name);
  member(out, "description", description);
  member(out, "mimeType", mime_type);
  return out + '}';
}

}  // namespace

std::string prompt_json(std::string_view name, std::string_view description,
                        const std::vector<PromptArgument>& arguments) {
  std::string out = "{";
  member(out, "name", name);
  member(out, "description", description);
  if (!arguments.empty()) {
    out += ",\"arguments\":[";
    for (const PromptArgument& argument : arguments) {
      if (out.back() != '[') out += ',';
      std::string one = "{";
      member(one, "name", argument.name);
      member(one, "description", argument.description);
      out += one + (argument.required ? ",\"required\":true}" : "}");
    }
    out += ']';
  }
  return out + '}';
}

std::string resource_json(std::string_view uri, std::string_view name, std::string_view description,
                          std::string_view mime_type) {
  return described("uri", uri, name, description, mime_type);
}

std::string resource_template_json(std::string_view uri_template, std::string_view name,
                                   std::string_view description, std::string_view mime_type) {
  return described("uriTemplate", uri_template, name, description, mime_type);
}

std::optional<std::map<std::string, std::string>> match_template(std::string_view uri_template,
                                                                 std::string_view uri) {
  std::map<std::string, std::string> variables;
  for (;;) {
    const std::size_t open = uri_template.find('{');
    const std::string_view literal = uri_template.substr(0, open);
    if (!uri.starts_with(literal)) return std::nullopt;
    uri.remove_prefix(literal.size());
    if (open == std::string_view::npos) break;
    const std::size_t close = uri_template.find('}', open);
    if (close == std::string_view::npos) return std::nullopt;
    const std::string name(uri_template.substr(open + 1, close - open - 1));
    uri_template.remove_prefix(close + 1);
    const char stop = uri_template.empty() ? '/' : uri_template.front();
    const std::size_t end = std::min(uri.find(stop), uri.find('/'));
    const std::string_view value = uri.substr(0, end);
    if (value.empty()) return std::nullopt;
    variables.insert_or_assign(name, std::string(value));
    uri.remove_prefix(value.size());
  }
  if (!uri.empty()) return std::nullopt;
  return variables;
}

Offers::ShelfPtr Offers::snapshot() const {
  MutexLock lock(mutex_);
  return current_;
}

OfferPtr Offers::find(std::string_view key) const {
  const ShelfPtr shelf = snapshot();
  const auto found = shelf->by_key.find(key);
  return found == shelf->by_key.end() ? nullptr : found->second;
}

Status Offers::add(Offer offer) {
  std::vector<Bell*> bells;
  {
    MutexLock lock(mutex_);
    if (offer.key.empty() || current_->by_key.contains(offer.key) || !offer.function)
      return Status(Code::invalid_argument,
                    "'" + offer.key + "' is empty, taken, or has nobody to answer for it");
    auto next = std::make_shared<Shelf>(*current_);
    std::string key = offer.key;
    next->by_key.emplace(std::move(key), std::make_shared<const Offer>(std::move(offer)));
    ++next->generation;
    current_ = std::move(next);
    bells = bells_;
  }
  ring(bells);
  return {};
}

bool Offers::remove(std::string_view key) {
  std::vector<Bell*> bells;
  {
    MutexLock lock(mutex_);
    if (!current_->by_key.contains(key)) return false;
    auto next = std::make_shared<Shelf>(*current_);
    next->by_key.erase(next->by_key.find(key));
    ++next->generation;
    current_ = std::move(next);
    bells = bells_;
  }
  ring(bells);
  return true;
}

void Offers::attach(Bell& bell) {
  MutexLock lock(mutex_);
  bells_.push_back(&bell);
}

void Offers::ring(const std::vector<Bell*>& bells) {
  for (Bell* const bell : bells) bell->ring();
}

}  // namespace devs
