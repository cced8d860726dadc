#include "heap/support/parameter.hpp"

#include "heap/support/exact_number.hpp"
#include "heap/support/expects.hpp"
#include "heap/support/words.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

namespace pinlab::heap {

namespace {

constexpr std::array<std::string_view, 11> kTypeNames = {"size",    "duration",     "time", "share",
                                                         "decimal", "count",        "flag", "word",
                                                         "text",    "distribution", "limit"};

struct Unit {
  std::string_view name;
  std::uint64_t scale;
};
constexpr std::array kSizeUnits = {Unit{"GiB", std::uint64_t{1} << 30U}, Unit{"MiB", 1U << 20U},
                                   Unit{"KiB", 1U << 10U}, Unit{"B", 1}};
constexpr std::array kTimeUnits = {Unit{"s", kBillion}, Unit{"ms", 1'000'000}, Unit{"us", 1'000},
                                   Unit{"ns", 1}};
constexpr std::array kShareUnits = {Unit{"%", kBillion / 100}};

/// How the numbers of a type are written.
struct Notation {
  std::span<const Unit> units;
  std::uint64_t plain_scale;  ///< of a number without a unit; 0: it needs one
  std::string_view base;      ///< what a value is a whole number of
  std::string_view advice;
};

Notation notation_of(ParameterType type) {
  switch (type) {
    case ParameterType::time:
      return {kTimeUnits, 0, "ns", "write a number with ns, us, ms or s"};
    case ParameterType::share:
      return {kShareUnits, kBillion, "billionths", "write 0 to 1, or 0% to 100%"};
    case ParameterType::decimal:
      return {{}, kBillion, "billionths", "write a number such as 0.5"};
    case ParameterType::count:
      return {{}, 1, "units", "write a whole number"};
    case ParameterType::limit:
      return {{}, 1, "units", "write none, N or N+M"};
    default:
      return {kSizeUnits, 1, "bytes", "write bytes, or a number with B, KiB, MiB or GiB"};
  }
}

[[noreturn]] void refuse(const Parameter& parameter,
                         std::string_view text,
                         const std::string& why) {
  throw ParameterError(std::string(parameter.name) + ": " + quoted_text(text) + " " + why);
}

std::string bound_text(const Parameter& parameter, std::uint64_t number) {
  std::string text = canonical_number(parameter.type, number);
  return parameter.unit.empty() ? text : text + " " + std::string(parameter.unit);
}

std::uint64_t most_of(const Parameter& parameter) {
  return parameter.type == ParameterType::share ? std::min(parameter.most, kBillion)
                                                : parameter.most;
}

/// "64MB" and "64m" mean 64MiB: said, not guessed.
std::string unit_hint(std::span<const Unit> units, std::string_view suffix) {
  const auto same_letter = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  const std::string_view tail = suffix.substr(std::min<std::size_t>(suffix.size(), 1));
  for (const Unit& unit : units) {
    if (!suffix.empty() && same_letter(suffix.front(), unit.name.front()) &&
        (tail.empty() || same_letter(tail.back(), unit.name.back())) && tail.size() <= 2) {
      return "; did you mean " + std::string(unit.name) + "?";
    }
  }
  return {};
}

/// A number with its unit, in base units, within the parameter's bounds.
std::uint64_t parse_number(const Parameter& parameter, std::string_view text) {
  const Notation notation = notation_of(parameter.type);
  std::string_view rest = text;
  const std::optional<Decimal> number = take_decimal(rest);
  const auto unit = std::ranges::find(notation.units, rest, &Unit::name);
  if (!number || (!rest.empty() && unit == notation.units.end())) {
    refuse(parameter, text,
           "is no " + std::string(type_name(parameter.type)) + ": " + std::string(notation.advice) +
               (number ? unit_hint(notation.units, rest) : std::string()));
  }
  if (rest.empty() && notation.plain_scale == 0) {
    refuse(parameter, text, "has no unit: " + std::string(notation.advice));
  }
  const Scaled scaled = scale_exactly(*number, rest.empty() ? notation.plain_scale : unit->scale);
  if (scaled.exactness == Exactness::too_fine) {
    refuse(parameter, text, "is no whole number of " + std::string(notation.base));
  }
  const bool too_large =
      scaled.exactness == Exactness::too_large || scaled.value > most_of(parameter);
  if (too_large) {
    refuse(parameter, text, "is too large: at most " + bound_text(parameter, most_of(parameter)));
  }
  if (scaled.value < parameter.least) {
    refuse(parameter, text, "is too small: at least " + bound_text(parameter, parameter.least));
  }
  return scaled.value;
}

/// Operands of "name(a,b)"; none where the text is not of that form.
std::optional<std::vector<std::string_view>> operands_of(std::string_view text) {
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos || !text.ends_with(')')) {
    return std::nullopt;
  }
  std::string_view inside = text.substr(open + 1, text.size() - open - 2);
  std::vector<std::string_view> operands;
  while (true) {
    const std::size_t comma = inside.find(',');
    operands.push_back(inside.substr(0, comma));
    if (comma == std::string_view::npos) {
      return operands;
    }
    inside.remove_prefix(comma + 1);
  }
}

std::uint64_t parse_alpha(const Parameter& parameter,
                          std::string_view text,
                          std::string_view operand) {
  std::string_view rest = operand;
  const std::optional<Decimal> number = take_decimal(rest);
  const Scaled scaled = number ? scale_exactly(*number, 1000) : Scaled{};
  const bool whole = number && rest.empty() && scaled.exactness == Exactness::exact;
  if (!whole || scaled.value == 0 || scaled.value > 1'000'000) {
    refuse(parameter, text, "has a bad exponent: write 0.001 to 1000, in thousandths");
  }
  return scaled.value;
}

std::size_t operands_wanted(Distribution::Kind kind) {
  using Kind = Distribution::Kind;
  return kind < Kind::fixed ? 0 : kind < Kind::pareto ? 1 : 2;
}

void refuse_unless_chosen(const Parameter& parameter, std::string_view text) {
  if (std::ranges::find(parameter.choices, text) != parameter.choices.end()) {
    return;
  }
  const auto number = std::ranges::find(parameter.numbers, text);
  if (number != parameter.numbers.end()) {
    const auto index = static_cast<std::size_t>(number - parameter.numbers.begin());
    const std::string name(parameter.choices[index]);
    refuse(parameter, text, "is " + name + ": " + std::string(parameter.name) + "=" + name);
  }
  refuse(parameter, text,
         "is none of " + joined(parameter.choices) + did_you_mean(text, parameter.choices));
}

/// The kind that `text` names, its operands counted.
Distribution::Kind parse_kind(const Parameter& parameter, std::string_view text) {
  const std::string_view name = text.substr(0, text.find('('));
  refuse_unless_chosen(parameter, name);
  const auto* const found = std::ranges::find(kDistributionKinds, name);
  const auto kind = static_cast<Distribution::Kind>(found - kDistributionKinds.begin());
  const auto operands = operands_of(text);
  const std::size_t wanted = operands_wanted(kind);
  if ((operands ? operands->size() : 0) != wanted || (wanted == 0 && name.size() != text.size())) {
    constexpr std::array<std::string_view, 3> operand_forms = {"", "(64MiB)", "(A,B)"};
    refuse(parameter, text,
           "is not written as " + std::string(name) + std::string(operand_forms[wanted]));
  }
  return kind;
}

Distribution parse_distribution(const Parameter& parameter, std::string_view text) {
  using Kind = Distribution::Kind;
  Distribution value{.kind = parse_kind(parameter, text)};
  const std::vector<std::string_view> operands =
      operands_of(text).value_or(std::vector<std::string_view>());
  Parameter length = parameter;
  length.type = ParameterType::duration;
  if (!operands.empty()) {
    value.a = value.kind == Kind::pareto ? parse_alpha(parameter, text, operands[0])
                                         : parse_number(length, operands[0]);
  }
  if (operands.size() > 1) {
    value.b = parse_number(length, operands[1]);
  }
  if (value.kind == Kind::uniform && value.a > value.b) {
    refuse(parameter, text, "has its least above its most");
  }
  return value;
}

void refuse_unless_text(const Parameter& parameter, std::string_view text) {
  if (!is_utf8(text) || text.find('\0') != std::string_view::npos) {
    refuse(parameter, text, "is not UTF-8 text");
  }
  if (text.empty() && parameter.type != ParameterType::text) {
    throw ParameterError(std::string(parameter.name) + ": a value is missing; it is " +
                         domain_of(parameter));
  }
}

std::string distribution_text(const Distribution& value) {
  using Kind = Distribution::Kind;
  const auto length = [](std::uint64_t bytes) {
    return canonical_number(ParameterType::duration, bytes);
  };
  std::string text(kDistributionKinds[static_cast<std::size_t>(value.kind)]);
  if (value.kind >= Kind::fixed) {
    text += "(" + (value.kind == Kind::pareto ? decimal_text(value.a, 3) : length(value.a));
    text += value.kind >= Kind::pareto ? "," + length(value.b) + ")" : ")";
  }
  return text;
}

}  // namespace

std::string_view type_name(ParameterType type) {
  return kTypeNames[static_cast<std::size_t>(type)];
}

std::string canonical_number(ParameterType type, std::uint64_t number) {
  const Notation notation = notation_of(type);
  if (type == ParameterType::share || type == ParameterType::decimal) {
    return decimal_text(number, 9);
  }
  for (const Unit& unit : notation.units) {
    if (number % unit.scale == 0 && number >= unit.scale) {
      return std::to_string(number / unit.scale) + std::string(unit.name);
    }
  }
  return std::to_string(number) +
         (notation.units.empty() ? "" : std::string(notation.units.back().name));
}

std::string domain_of(const Parameter& parameter) {
  switch (parameter.type) {
    case ParameterType::flag:
      return "true or false";
    case ParameterType::text:
      return "any text";
    case ParameterType::word:
      return "one of " + joined(parameter.choices);
    case ParameterType::distribution:
      return "one of " + joined(parameter.choices) + "; lengths in bytes allocated";
    case ParameterType::limit:
      return "none, N, or N+M for N and M more for each call";
    default:
      break;
  }
  std::string text(parameter.type == ParameterType::count ? "a whole number"
                   : parameter.type == ParameterType::decimal
                       ? "a number"
                       : "a " + std::string(type_name(parameter.type)));
  if (!parameter.unit.empty()) {
    text += " of " + std::string(parameter.unit);
  }
  if (parameter.least > 0) {
    text += ", at least " + canonical_number(parameter.type, parameter.least);
  }
  if (most_of(parameter) != kNoBound) {
    text += ", at most " + canonical_number(parameter.type, most_of(parameter));
  }
  return parameter.choices.empty() ? text : text + ", or " + joined(parameter.choices);
}

ParameterValues::Value ParameterValues::parse(const Parameter& parameter, std::string_view text) {
  refuse_unless_text(parameter, text);
  Value value;
  value.text = text;
  switch (parameter.type) {
    case ParameterType::text:
      break;
    case ParameterType::flag:
      if (text != "true" && text != "false") {
        refuse(parameter, text, "is neither true nor false");
      }
      value.number = text == "true" ? 1 : 0;
      break;
    case ParameterType::word:
      refuse_unless_chosen(parameter, text);
      break;
    case ParameterType::distribution:
      value.distribution = parse_distribution(parameter, text);
      value.text = distribution_text(value.distribution);
      break;
    case ParameterType::limit:
      parse_limit(parameter, text, value);
      break;
    default:
      value.is_word = std::ranges::find(parameter.choices, text) != parameter.choices.end();
      if (!value.is_word) {
        value.number = parse_number(parameter, text);
        value.text = canonical_number(parameter.type, value.number);
      }
  }
  return value;
}

void ParameterValues::parse_limit(const Parameter& parameter, std::string_view text, Value& value) {
  value.text = "none";
  if (text == "none") {
    return;
  }
  // Either may be 0, but not both: that would be a limit of nothing, which is read as no limit.
  const std::size_t plus = text.find('+');
  Parameter part = parameter;
  if (plus != std::string_view::npos) {
    part.least = 0;
    value.second = parse_number(part, text.substr(plus + 1));
    part.least = value.second == 0 ? parameter.least : 0;
  }
  value.number = parse_number(part, text.substr(0, plus));
  value.text = std::to_string(value.number);
  if (plus != std::string_view::npos) {
    value.text += "+" + std::to_string(value.second);
  }
}

std::string canonical_text(const Parameter& parameter, std::string_view text) {
  ParameterValues value({parameter});
  value.set(parameter.name, text);
  return value.canonical(parameter.name);
}

ParameterValues::ParameterValues(std::vector<Parameter> table) : table_(std::move(table)) {
  values_.reserve(table_.size());
  for (const Parameter& parameter : table_) {
    if (find(parameter.name) != &parameter) {
      throw ParameterError(std::string(parameter.name) + ": there are two parameters of this name");
    }
    values_.push_back(parse(parameter, parameter.default_text));
  }
}

const Parameter* ParameterValues::find(std::string_view name) const {
  const auto found = std::ranges::find(table_, name, &Parameter::name);
  return found == table_.end() ? nullptr : &*found;
}

std::size_t ParameterValues::index_of(std::string_view name) const {
  const Parameter* const parameter = find(name);
  if (parameter == nullptr) {
    std::vector<std::string_view> names(table_.size());
    std::ranges::transform(table_, names.begin(), &Parameter::name);
    throw ParameterError("there is no parameter " + quoted_text(name) + did_you_mean(name, names));
  }
  return static_cast<std::size_t>(parameter - table_.data());
}

void ParameterValues::set(std::string_view name, std::string_view text) {
  const std::size_t index = index_of(name);
  Value value = parse(table_[index], text);
  value.given = true;
  values_[index] = std::move(value);
}

void ParameterValues::set_default(std::string_view name, std::string_view text) {
  const std::size_t index = index_of(name);
  if (!values_[index].given) {
    values_[index] = parse(table_[index], text);
  }
}

const ParameterValues::Value& ParameterValues::value_of(std::string_view name) const {
  return values_[index_of(name)];
}

const ParameterValues::Value& ParameterValues::value_of(std::string_view name,
                                                        ParameterType type) const {
  const std::size_t index = index_of(name);
  EXPECTS(table_[index].type == type);
  return values_[index];
}

std::uint64_t ParameterValues::size(std::string_view name) const {
  return value_of(name, ParameterType::size).number;
}

std::uint64_t ParameterValues::duration(std::string_view name) const {
  return value_of(name, ParameterType::duration).number;
}

std::uint64_t ParameterValues::time(std::string_view name) const {
  return value_of(name, ParameterType::time).number;
}

std::uint64_t ParameterValues::share(std::string_view name) const {
  return value_of(name, ParameterType::share).number;
}

std::uint64_t ParameterValues::decimal(std::string_view name) const {
  return value_of(name, ParameterType::decimal).number;
}

std::uint64_t ParameterValues::count(std::string_view name) const {
  const Value& value = value_of(name, ParameterType::count);
  EXPECTS(!value.is_word);
  return value.number;
}

bool ParameterValues::flag(std::string_view name) const {
  return value_of(name, ParameterType::flag).number != 0;
}

std::string_view ParameterValues::word(std::string_view name) const {
  const Value& value = value_of(name);
  EXPECTS(find(name)->type == ParameterType::word || value.is_word);
  return value.text;
}

const std::string& ParameterValues::text(std::string_view name) const {
  return value_of(name, ParameterType::text).text;
}

Distribution ParameterValues::distribution(std::string_view name) const {
  return value_of(name, ParameterType::distribution).distribution;
}

Limit ParameterValues::limit(std::string_view name) const {
  const Value& value = value_of(name, ParameterType::limit);
  return {value.number, value.second};
}

}  // namespace pinlab::heap
