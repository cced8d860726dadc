#include "harness/sweep/axis.hpp"

#include "heap/support/wide.hpp"
#include "heap/support/words.hpp"
#include "harness/human.hpp"
#include "harness/outcome.hpp"
#include "harness/parameter_table.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <optional>

namespace pinlab::harness {

namespace {

using heap::Parameter;
using heap::ParameterType;
using heap::quoted_text;

[[noreturn]] void refuse(std::string_view name, std::string_view item, const std::string& why) {
  throw UsageError(std::string(name) + ": " + quoted_text(item) + " " + why);
}

/// Parts at commas that stand outside of parentheses and quotes.
std::vector<std::string_view> split(std::string_view name, std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    quoted = quoted != (c == '"');
    depth += quoted ? 0 : (c == '(' ? 1 : 0) - (c == ')' ? 1 : 0);
    if (c == ',' && depth == 0 && !quoted) {
      parts.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  if (quoted || depth != 0) {
    refuse(name, text, quoted ? "has a quote that does not end" : "has unequal parentheses");
  }
  parts.push_back(text.substr(begin));
  return parts;
}

bool is_numeric(ParameterType type) {
  return type <= ParameterType::count;
}

/// The same parameter as a plain number of its kind, without bounds.
Parameter plain(const Parameter& parameter, ParameterType type) {
  return {.name = parameter.name,
          .type = type,
          .default_text = type == ParameterType::time ? "0s" : "0",
          .summary = parameter.summary};
}

struct Range {
  std::string_view lo;
  std::string_view hi;
  std::string_view step;
};

std::optional<Range> range_in(std::string_view item) {
  const std::size_t first = item.find(':');
  if (first != std::string_view::npos) {
    const std::size_t second = item.find(':', first + 1);
    if (second == std::string_view::npos) {
      return Range{item.substr(0, first), item.substr(first + 1), {}};
    }
    return Range{item.substr(0, first), item.substr(first + 1, second - first - 1),
                 item.substr(second + 1)};
  }
  const std::size_t dots = item.find("..");
  if (dots != std::string_view::npos) {
    return Range{item.substr(0, dots), item.substr(dots + 2), "+1"};
  }
  return std::nullopt;
}

/// 7 significant bits of a size, 3 significant digits of anything else.
std::uint64_t rounded(long double value, ParameterType type) {
  const auto whole = static_cast<std::uint64_t>(value + 0.5L);
  std::uint64_t unit = 1;
  if (type == ParameterType::size || type == ParameterType::duration) {
    const auto bits = static_cast<unsigned>(std::bit_width(whole));
    unit = bits > 7 ? std::uint64_t{1} << (bits - 7) : 1;
  } else {
    while (whole / unit >= 1000) {
      unit *= 10;
    }
  }
  return (whole + unit / 2) / unit * unit;
}

class Steps {
 public:
  Steps(const Parameter& parameter, std::string_view item, const Range& range)
      : parameter_(parameter),
        item_(item),
        range_(range),
        lo_(number_of(parameter, range.lo)),
        hi_(number_of(parameter, range.hi)) {}

  [[nodiscard]] std::vector<std::uint64_t> values() {
    if (range_.step.empty()) {
      fail("has no step: write lo:hi:+step, lo:hi:xfactor, lo:hi:#n or lo:hi:log#n");
    }
    if (lo_ > hi_) {
      fail("is empty: it begins above its end");
    }
    if (range_.step.starts_with("log#")) {
      spread(count(range_.step.substr(4)), true);
    } else if (range_.step.starts_with('#')) {
      spread(count(range_.step.substr(1)), false);
    } else if (range_.step.starts_with('x')) {
      multiply();
    } else if (range_.step.starts_with('+')) {
      add();
    } else {
      fail("has a step that begins with none of +, x, # and log#");
    }
    return std::move(values_);
  }

 private:
  [[noreturn]] void fail(const std::string& why) const { refuse(parameter_.name, item_, why); }

  void take(std::uint64_t value) {
    values_.push_back(value);
    if (values_.size() > kMostValues) {
      fail("has more than " + std::to_string(kMostValues) + " values");
    }
  }

  [[nodiscard]] std::uint64_t count(std::string_view text) const {
    std::uint64_t n = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), n);
    if (end.ec != std::errc() || end.ptr != text.data() + text.size() || n < 2 || n > kMostValues) {
      fail("has a step that is no number of values: # needs 2 to " + std::to_string(kMostValues));
    }
    return n;
  }

  void add() {
    const std::uint64_t step = number_of(parameter_, range_.step.substr(1));
    if (step == 0) {
      fail("has a step of nothing");
    }
    for (heap::Wide value = lo_; value <= hi_; value += step) {
      take(static_cast<std::uint64_t>(value));
    }
  }

  void multiply() {
    const Parameter factors = plain(parameter_, ParameterType::decimal);
    const std::uint64_t factor = number_of(factors, range_.step.substr(1));
    if (factor <= heap::kBillion || lo_ == 0) {
      fail(lo_ == 0 ? "cannot be multiplied: it begins at 0" : "has a factor that is not above 1");
    }
    const long double by = static_cast<long double>(factor) / heap::kBillion;
    const long double end = static_cast<long double>(hi_) * (1 + 1e-9L);
    for (long double value = lo_; value <= end; value *= by) {
      const auto whole = static_cast<std::uint64_t>(value + 0.5L);
      if (!values_.empty() && whole == values_.back()) {
        fail("has steps that are finer than its unit");
      }
      take(std::min(whole, hi_));
    }
  }

  void spread(std::uint64_t n, bool logarithmic) {
    if (lo_ == hi_ || (logarithmic && lo_ == 0)) {
      fail(lo_ == hi_ ? "begins where it ends" : "has no logarithm: it begins at 0");
    }
    const auto low = static_cast<long double>(lo_);
    const auto high = static_cast<long double>(hi_);
    for (std::uint64_t i = 0; i < n; ++i) {
      const long double part = static_cast<long double>(i) / static_cast<long double>(n - 1);
      const std::uint64_t value =
          i == 0        ? lo_
          : i == n - 1  ? hi_
          : logarithmic ? rounded(low * std::exp(std::log(high / low) * part), parameter_.type)
                        : static_cast<std::uint64_t>(low + (high - low) * part + 0.5L);
      if (!values_.empty() && value <= values_.back()) {
        fail("has values that are nearer to each other than its unit");
      }
      take(value);
    }
  }

  const Parameter& parameter_;
  std::string_view item_;
  Range range_;
  std::uint64_t lo_;
  std::uint64_t hi_;
  std::vector<std::uint64_t> values_;
};

std::vector<std::string> expand_numbers(const Parameter& parameter, std::string_view item) {
  const std::optional<Range> range = range_in(item);
  if (!range) {
    return {std::string(item)};
  }
  std::vector<std::string> texts;
  if (parameter.type == ParameterType::size && !factor_of_min(range->lo).empty()) {
    const std::string_view hi = factor_of_min(range->hi);
    if (hi.empty()) {
      refuse(parameter.name, item, "has an end with min and one without");
    }
    const Parameter factor = plain(parameter, ParameterType::decimal);
    for (const std::uint64_t value :
         Steps(factor, item, {factor_of_min(range->lo), hi, range->step}).values()) {
      texts.push_back(heap::canonical_number(ParameterType::decimal, value) + "*min");
    }
    return texts;
  }
  if (item.find(':') == std::string_view::npos && parameter.type != ParameterType::count) {
    refuse(parameter.name, item, "has no step: a..b is for whole numbers; write lo:hi:step");
  }
  const Parameter number = plain(parameter, parameter.type);
  for (const std::uint64_t value : Steps(number, item, *range).values()) {
    texts.push_back(heap::canonical_number(parameter.type, value));
  }
  return texts;
}

/// fixed(1MiB:4MiB:x2) is fixed(1MiB), fixed(2MiB), fixed(4MiB); of two operands, every pair.
std::vector<std::string> expand_distribution(const Parameter& parameter, std::string_view item) {
  const std::size_t open = item.find('(');
  if (open == std::string_view::npos || !item.ends_with(')') ||
      item.find(':') == std::string_view::npos) {
    return {std::string(item)};
  }
  const Parameter length = plain(parameter, ParameterType::duration);
  std::vector<std::string> texts = {std::string(item.substr(0, open + 1))};
  const std::string_view inside = item.substr(open + 1, item.size() - open - 2);
  for (const std::string_view operand : split(parameter.name, inside)) {
    std::vector<std::string> longer;
    for (const std::string& text : texts) {
      for (const std::string& value : expand_numbers(length, operand)) {
        longer.push_back(text + (text.ends_with('(') ? "" : ",") + value);
      }
    }
    texts = std::move(longer);
  }
  for (std::string& text : texts) {
    text += ")";
  }
  return texts;
}

std::vector<std::string> expand_item(const Parameter& parameter, std::string_view item) {
  if (item.size() >= 2 && item.front() == '"' && item.back() == '"') {
    return {std::string(item.substr(1, item.size() - 2))};
  }
  if (parameter.type == ParameterType::distribution) {
    return expand_distribution(parameter, item);
  }
  return is_numeric(parameter.type) ? expand_numbers(parameter, item)
                                    : std::vector{std::string(item)};
}

std::string checked(const Parameter& parameter, const std::string& text) {
  const std::string_view factor = factor_of_min(text);
  if (parameter.type == ParameterType::size && !factor.empty()) {
    const Parameter decimal = plain(parameter, ParameterType::decimal);
    return heap::canonical_number(ParameterType::decimal, number_of(decimal, factor)) + "*min";
  }
  return heap::canonical_text(parameter, text);  // throws ParameterError, which is as good
}

SweepAxis parse_zip(std::string_view text) {
  const std::size_t close = text.find(')');
  if (close == std::string_view::npos || text.substr(close, 2) != ")=") {
    throw UsageError("axis " + quoted_text(text) + " is not written as (a,b)=(1,x),(2,y)");
  }
  SweepAxis axis{.spec = std::string(text.substr(close + 2)), .names = {}, .points = {}};
  for (const std::string_view name : split("axis", text.substr(1, close - 1))) {
    axis.names.emplace_back(any_parameter(name).name);
  }
  for (const std::string_view tuple : split("axis", axis.spec)) {
    if (!tuple.starts_with('(') || !tuple.ends_with(')')) {
      refuse("axis", tuple, "is no tuple: write (1,x),(2,y)");
    }
    const auto values = split("axis", tuple.substr(1, tuple.size() - 2));
    if (values.size() != axis.names.size()) {
      refuse("axis", tuple,
             "has " + human_count(values.size(), "value") + " for " +
                 human_count(axis.names.size(), "parameter"));
    }
    std::vector<std::string>& point = axis.points.emplace_back();
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Parameter& parameter = any_parameter(axis.names[i]);
      if (values[i].empty()) {
        point.emplace_back();
        continue;
      }
      const std::vector<std::string> one = expand_values(parameter, values[i]);
      if (one.size() != 1) {
        refuse(parameter.name, values[i], "is a range, and values that are zipped stand alone");
      }
      point.push_back(one.front());
    }
  }
  return axis;
}

void refuse_twice(const SweepAxis& axis) {
  for (std::size_t i = 1; i < axis.names.size(); ++i) {
    if (std::find(axis.names.begin(), axis.names.begin() + static_cast<std::ptrdiff_t>(i),
                  axis.names[i]) != axis.names.begin() + static_cast<std::ptrdiff_t>(i)) {
      throw UsageError("axis: " + axis.names[i] + " is zipped with itself");
    }
  }
  std::vector<std::vector<std::string>> sorted = axis.points;
  std::ranges::sort(sorted);
  const auto twin = std::ranges::adjacent_find(sorted);
  if (twin != sorted.end()) {
    throw UsageError("axis " + axis.names.front() + ": the value " + quoted_text(twin->front()) +
                     " is there twice");
  }
}

}  // namespace

const Parameter& any_parameter(std::string_view name) {
  std::vector<std::string_view> known;
  for (const Parameter& parameter : base_parameters()) {
    if (parameter.name == name) {
      return parameter;
    }
    known.push_back(parameter.name);
  }
  for (const workloads::WorkloadEntry& workload : workloads::workloads()) {
    for (const Parameter& parameter : workload.parameters) {
      if (parameter.name == name) {
        return parameter;
      }
      known.push_back(parameter.name);
    }
  }
  throw UsageError("there is no parameter " + quoted_text(name) + heap::did_you_mean(name, known));
}

std::string_view factor_of_min(std::string_view text) {
  if (text == "min") {
    return "1";
  }
  return text.ends_with("*min") ? text.substr(0, text.size() - 4) : std::string_view();
}

std::uint64_t number_of(const Parameter& parameter, std::string_view text) {
  heap::ParameterValues value({plain(parameter, parameter.type)});
  value.set(parameter.name, text);
  switch (parameter.type) {
    case ParameterType::size:
      return value.size(parameter.name);
    case ParameterType::duration:
      return value.duration(parameter.name);
    case ParameterType::time:
      return value.time(parameter.name);
    case ParameterType::share:
      return value.share(parameter.name);
    case ParameterType::decimal:
      return value.decimal(parameter.name);
    default:
      return value.count(parameter.name);
  }
}

std::vector<std::string> expand_values(const Parameter& parameter, std::string_view spec) {
  std::vector<std::string> texts;
  for (const std::string_view item : split(parameter.name, spec)) {
    for (const std::string& text : expand_item(parameter, item)) {
      texts.push_back(checked(parameter, text));
    }
  }
  return texts;
}

SweepAxis parse_axis(std::string_view text) {
  SweepAxis axis;
  if (text.starts_with('(')) {
    axis = parse_zip(text);
  } else {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      throw UsageError("axis " + quoted_text(text) + " is not written as name=values");
    }
    const Parameter& parameter = any_parameter(text.substr(0, equals));
    axis.spec = text.substr(equals + 1);
    axis.names.emplace_back(parameter.name);
    for (std::string& value : expand_values(parameter, axis.spec)) {
      axis.points.push_back({std::move(value)});
    }
  }
  refuse_twice(axis);
  return axis;
}

}  // namespace pinlab::harness
