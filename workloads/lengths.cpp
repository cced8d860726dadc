#include "workloads/lengths.hpp"

#include "heap/support/expects.hpp"
#include "heap/support/parameter.hpp"
#include "heap/support/wide.hpp"
#include "heap/support/words.hpp"
#include "workloads/draws.hpp"
#include "workloads/use_cases/background.hpp"

#include <algorithm>
#include <array>

namespace pinlab::workloads {

namespace {

using heap::ParameterError;
using heap::ParameterType;
using Kind = Length::Kind;

/// ln 2 with 32 binary places.
constexpr std::uint64_t kLn2 = 2'977'044'472;

/// A number as the parameter `name` would take it.
std::uint64_t number_of(std::string_view name, ParameterType type, std::string_view text) {
  const heap::Parameter parameter = {.name = name,
                                     .type = type,
                                     .default_text = type == ParameterType::time ? "1s" : "1",
                                     .summary = "part of a length",
                                     .least = 1};
  heap::ParameterValues values({parameter});
  values.set(name, text);
  switch (type) {
    case ParameterType::duration:
      return values.duration(name);
    case ParameterType::size:
      return values.size(name);
    case ParameterType::time:
      return values.time(name);
    case ParameterType::share:
      return values.share(name);
    default:
      return values.decimal(name);
  }
}

struct Form {
  std::string_view word;
  Kind kind;
  bool has_shape;
  unsigned lengths;
};
constexpr auto kForms = std::to_array<Form>({{"fixed", Kind::fixed, false, 1},
                                             {"exp", Kind::exponential, false, 1},
                                             {"uniform", Kind::uniform, false, 2},
                                             {"pareto", Kind::pareto, true, 1},
                                             {"gamma", Kind::gamma, true, 1},
                                             {"weibull", Kind::weibull, true, 1},
                                             {"log_normal", Kind::log_normal, false, 2},
                                             {"log_uniform", Kind::log_uniform, false, 2}});

/// How lengths of a unit are called, and written.
struct UnitWords {
  ParameterType type;
  Kind alone;
  std::string_view noun;
  std::string_view example;
};
constexpr auto kUnits = std::to_array<UnitWords>(
    {{ParameterType::duration, Kind::half_life, "lifetime", "a half-life such as 64KiB"},
     {ParameterType::size, Kind::fixed, "size", "bytes such as 64KiB, dacapo"},
     {ParameterType::time, Kind::fixed, "time", "a time such as 50us"}});

std::string_view trimmed(std::string_view text) {
  const std::size_t first = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

/// Parts between commas that stand outside of parentheses.
std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      parts.push_back(trimmed(text.substr(begin, i - begin)));
      begin = i + 1;
    } else {
      depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
    }
  }
  return parts;
}

/// Shapes are held in thousandths: what is finer is refused, never rounded.
std::uint64_t shape_of(std::string_view name, std::string_view text) {
  constexpr std::uint64_t kThousandth = heap::kBillion / 1000;
  const std::uint64_t shape = number_of(name, ParameterType::decimal, text);
  if (shape % kThousandth != 0 || shape / kThousandth > 64'000) {
    throw ParameterError(std::string(name) +
                         ": a shape is a number of thousandths, at most 64, and " +
                         heap::quoted_text(text) + " is none");
  }
  return shape / kThousandth;
}

Length length_of(std::string_view name, std::string_view text, LengthUnit unit) {
  const UnitWords& words = kUnits[static_cast<std::size_t>(unit)];
  if (text == "forever" && unit != LengthUnit::size) {
    return {.kind = Kind::forever};
  }
  if (text == "dacapo" && unit == LengthUnit::size) {
    return {.kind = Kind::dacapo};
  }
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos) {
    return {.kind = words.alone, .a = number_of(name, words.type, text)};
  }
  const auto form = std::ranges::find(kForms, text.substr(0, open), &Form::word);
  if (form == kForms.end() || !text.ends_with(')')) {
    throw ParameterError(
        std::string(name) + ": " + heap::quoted_text(text) + " is no " + std::string(words.noun) +
        ": take " + std::string(words.example) +
        ", or fixed, exp, uniform, pareto, gamma, weibull, log_normal, log_uniform "
        "with their arguments" +
        (unit == LengthUnit::size ? "" : ", or forever"));
  }
  const auto arguments = parts_of(text.substr(open + 1, text.size() - open - 2));
  const std::size_t wanted = form->lengths + (form->has_shape ? 1U : 0U);
  if (arguments.size() != wanted) {
    throw ParameterError(std::string(name) + ": " + std::string(form->word) + " takes " +
                         std::to_string(wanted) + " arguments, and " + heap::quoted_text(text) +
                         " has " + std::to_string(arguments.size()));
  }
  Length length{.kind = form->kind};
  std::size_t next = 0;
  if (form->has_shape) {
    length.shape = shape_of(name, arguments[next++]);
  }
  length.a = number_of(name, words.type, arguments[next++]);
  if (form->lengths == 2) {
    length.b = number_of(name, words.type, arguments[next]);
    if (length.b < length.a) {
      throw ParameterError(std::string(name) + ": " + heap::quoted_text(text) +
                           " is a range that is empty");
    }
  }
  return length;
}

}  // namespace

std::uint64_t Length::draw(heap::Random& random) const {
  switch (kind) {
    case Kind::half_life: {
      const heap::Wide mean = (heap::Wide{a} << 32U) / kLn2;
      return draw_exponential(static_cast<std::uint64_t>(mean), random);
    }
    case Kind::fixed:
      return a;
    case Kind::exponential:
      return draw_exponential(a, random);
    case Kind::uniform:
      return a + random.below(b - a + 1);
    case Kind::pareto:
      return draw_pareto(shape, a, random);
    case Kind::gamma:
      return draw_gamma(shape, a, random);
    case Kind::weibull:
      return draw_weibull(shape, a, random);
    case Kind::log_normal:
      return draw_log_normal(a, b, random);
    case Kind::log_uniform:
      return draw_log_uniform(a, b, random);
    case Kind::dacapo:
      return draw_object_size(random);
    case Kind::forever:
      break;
  }
  return kForever;
}

std::uint64_t Length::most() const {
  switch (kind) {
    case Kind::fixed:
      return a;
    case Kind::uniform:
    case Kind::log_uniform:
      return b;
    case Kind::dacapo:
      return kMostObjectSize;
    default:
      return kForever;
  }
}

LengthMixture::LengthMixture(std::string_view name, std::string_view text, LengthUnit unit) {
  std::uint64_t sum = 0;
  const std::vector<std::string_view> parts = parts_of(text);
  for (const std::string_view part : parts) {
    const std::size_t colon = part.find(':');
    const bool alone = colon == std::string_view::npos;
    if (alone && parts.size() > 1) {
      throw ParameterError(std::string(name) + ": " + heap::quoted_text(part) +
                           " has no share before it, as in 0.9:64KiB");
    }
    const std::uint64_t share =
        alone ? heap::kBillion
              : number_of(name, ParameterType::share, trimmed(part.substr(0, colon)));
    const std::string_view length = alone ? part : trimmed(part.substr(colon + 1));
    components_.push_back({share, length_of(name, length, unit)});
    sum += share;
  }
  if (sum != heap::kBillion) {
    throw ParameterError(std::string(name) + ": the shares of " + heap::quoted_text(text) +
                         " do not make 1");
  }
}

std::size_t LengthMixture::choose(heap::Random& random) const {
  std::uint64_t dice = components_.size() == 1 ? 0 : random.below(heap::kBillion);
  std::size_t component = 0;
  while (dice >= components_[component].share) {
    dice -= components_[component].share;
    ++component;
  }
  return component;
}

std::uint64_t LengthMixture::draw(heap::Random& random) const {
  return components_[choose(random)].length.draw(random);
}

std::uint64_t LengthMixture::most() const {
  std::uint64_t most = 0;
  for (const Component& component : components_) {
    most = std::max(most, component.length.most());
  }
  return most;
}

}  // namespace pinlab::workloads
