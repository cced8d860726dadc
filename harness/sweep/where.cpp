#include "harness/sweep/where.hpp"

#include "heap/support/words.hpp"
#include "harness/outcome.hpp"
#include "harness/sweep/axis.hpp"

#include <array>
#include <optional>

namespace pinlab::harness {

struct Where::Node {
  enum class Kind : std::uint8_t { any_of, all_of, negation, test };
  Kind kind = Kind::test;
  std::unique_ptr<Node> left;
  std::unique_ptr<Node> right;
  std::string name;
  std::string op;
  std::string value;
};

namespace {

using heap::ParameterType;
using Node = Where::Node;

constexpr std::array<std::string_view, 6> kOperators = {"==", "!=", "<=", ">=", "<", ">"};
constexpr int kMostLevels = 200;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::unique_ptr<Node> parse() {
    std::unique_ptr<Node> root = any_of(0);
    skip();
    if (at_ < text_.size()) {
      fail("expected && or ||");
    }
    return root;
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw UsageError("where: at character " + std::to_string(at_ + 1) + " of " +
                     heap::quoted_text(text_) + ": " + why);
  }

  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) {
      ++at_;
    }
  }

  bool take(std::string_view token) {
    skip();
    if (!text_.substr(at_).starts_with(token)) {
      return false;
    }
    at_ += token.size();
    return true;
  }

  static std::unique_ptr<Node> pair(Node::Kind kind,
                                    std::unique_ptr<Node> left,
                                    std::unique_ptr<Node> right) {
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->left = std::move(left);
    node->right = std::move(right);
    return node;
  }

  // NOLINTBEGIN(misc-no-recursion): at most kMostLevels deep
  std::unique_ptr<Node> any_of(int level) {
    std::unique_ptr<Node> node = all_of(level);
    while (take("||")) {
      node = pair(Node::Kind::any_of, std::move(node), all_of(level));
    }
    return node;
  }

  std::unique_ptr<Node> all_of(int level) {
    std::unique_ptr<Node> node = negation(level);
    while (take("&&")) {
      node = pair(Node::Kind::all_of, std::move(node), negation(level));
    }
    return node;
  }

  std::unique_ptr<Node> negation(int level) {
    if (level > kMostLevels) {
      fail("more than " + std::to_string(kMostLevels) + " levels of nesting");
    }
    if (take("!")) {
      return pair(Node::Kind::negation, negation(level + 1), nullptr);
    }
    if (take("(")) {
      std::unique_ptr<Node> node = any_of(level + 1);
      if (!take(")")) {
        fail("expected )");
      }
      return node;
    }
    return test();
  }
  // NOLINTEND(misc-no-recursion)

  std::unique_ptr<Node> test() {
    auto node = std::make_unique<Node>();
    node->name = word();
    static_cast<void>(any_parameter(node->name));
    for (const std::string_view op : kOperators) {
      if (take(op)) {
        node->op = op;
        node->value = value();
        return node;
      }
    }
    fail("expected one of == != < <= > >=");
  }

  std::string word() {
    skip();
    const std::size_t end = std::min(
        text_.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._", at_), text_.size());
    if (end == at_) {
      fail("expected the name of a parameter");
    }
    std::string name(text_.substr(at_, end - at_));
    at_ = end;
    return name;
  }

  /// Up to what cannot belong to it; parentheses are part of it where they are balanced.
  std::string value() {
    skip();
    if (at_ < text_.size() && text_[at_] == '"') {
      const std::size_t end = text_.find('"', at_ + 1);
      if (end == std::string_view::npos) {
        fail("the quote does not end");
      }
      std::string value(text_.substr(at_ + 1, end - at_ - 1));
      at_ = end + 1;
      return value;
    }
    const std::size_t begin = at_;
    int depth = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (depth == 0 && (c == ' ' || c == ')' || c == '&' || c == '|' || c == '\t' || c == '\n')) {
        break;
      }
      depth += (c == '(' ? 1 : 0) - (c == ')' ? 1 : 0);
    }
    if (begin == at_) {
      fail("expected a value");
    }
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

/// The length that a lifetime compares by, where it has an order.
std::optional<std::uint64_t> length_of(const heap::Parameter& parameter, std::string_view text) {
  using Kind = heap::Distribution::Kind;
  heap::ParameterValues value({parameter});
  value.set(parameter.name, text);
  const heap::Distribution distribution = value.distribution(parameter.name);
  switch (distribution.kind) {
    case Kind::fixed:
    case Kind::exponential:
      return distribution.a;
    case Kind::forever:
      return heap::kNoBound;
    default:
      return std::nullopt;
  }
}

bool is_length(std::string_view text) {
  return !text.empty() && text.front() >= '0' && text.front() <= '9';
}

/// A number to compare `text` by, in base units.
std::optional<std::uint64_t> ordinal(const heap::Parameter& parameter, const std::string& text) {
  if (parameter.type == ParameterType::distribution) {
    heap::Parameter length = parameter;
    length.type = ParameterType::duration;
    return is_length(text) ? number_of(length, text) : length_of(parameter, text);
  }
  const bool is_word = std::ranges::find(parameter.choices, text) != parameter.choices.end();
  if (parameter.type > ParameterType::count || is_word) {
    return std::nullopt;
  }
  return number_of(parameter, text);
}

bool test_holds(const Node& node, const heap::ParameterValues& values) {
  const heap::Parameter* const parameter = values.find(node.name);
  if (parameter == nullptr) {
    throw UsageError("where: " + node.name + " is no parameter of workload=" +
                     values.canonical("workload") + "; guard it with workload == ... &&");
  }
  const std::string& text = values.canonical(node.name);
  const std::optional<std::uint64_t> a = ordinal(*parameter, text);
  const std::optional<std::uint64_t> b = ordinal(*parameter, node.value);
  const bool is_equality = node.op == "==" || node.op == "!=";
  const bool is_named = parameter->type == ParameterType::distribution && !is_length(node.value);
  if (a && b && !(is_equality && is_named)) {
    return node.op == "=="   ? *a == *b
           : node.op == "!=" ? *a != *b
           : node.op == "<"  ? *a < *b
           : node.op == "<=" ? *a <= *b
           : node.op == ">"  ? *a > *b
                             : *a >= *b;
  }
  if (!is_equality) {
    throw UsageError("where: " + node.name + " " + node.op + " " + node.value + ": " +
                     heap::quoted_text(a ? node.value : text) + " has no order");
  }
  const bool has_other_kind = parameter->type == ParameterType::distribution && !is_named;
  return (!has_other_kind && text == heap::canonical_text(*parameter, node.value)) ==
         (node.op == "==");
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the parser allows
bool node_holds(const Node& node, const heap::ParameterValues& values) {
  switch (node.kind) {
    case Node::Kind::any_of:
      return node_holds(*node.left, values) || node_holds(*node.right, values);
    case Node::Kind::all_of:
      return node_holds(*node.left, values) && node_holds(*node.right, values);
    case Node::Kind::negation:
      return !node_holds(*node.left, values);
    default:
      return test_holds(node, values);
  }
}

}  // namespace

Where::Where(std::string_view text)
    : root_(text.find_first_not_of(" \t\n") == std::string_view::npos ? nullptr
                                                                      : Parser(text).parse()) {}
Where::Where(Where&&) noexcept = default;
Where& Where::operator=(Where&&) noexcept = default;
Where::~Where() = default;

bool Where::holds(const heap::ParameterValues& values) const {
  return root_ == nullptr || node_holds(*root_, values);
}

}  // namespace pinlab::harness
