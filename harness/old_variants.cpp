#include "harness/old_variants.hpp"

#include "heap/support/words.hpp"
#include "collector/old_route.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace pinlab::harness {

namespace {

using collector::OldVariants;
using heap::Parameter;
using heap::ParameterError;
using heap::ParameterType;
using heap::ParameterValues;

constexpr std::array<std::string_view, 3> kFits = {"next", "first", "best"};
constexpr std::array<std::string_view, 3> kOffers = {"all", "tail", "none"};
constexpr std::array<std::string_view, 1> kAllGaps = {"all"};

constexpr auto kParameters = std::to_array<Parameter>({
    {.name = "compact.fit",
     .type = ParameterType::word,
     .default_text = "next",
     .summary = "how the gap is found that a moving object goes to: one gap after another, or the "
                "first that it fits in of those that are open; best is old.route=best_fit's own",
     .choices = kFits,
     .default_rule = "next; first for the routes that are no slides"},
    {.name = "compact.open_gaps",
     .type = ParameterType::count,
     .default_text = "8",
     .summary = "with compact.fit=first: how many gaps are open at a time",
     .least = 1,
     .most = 64,
     .choices = kAllGaps,
     .unit = "gaps",
     .default_rule = "8; all for the routes that are no slides"},
    {.name = "compact.budget",
     .type = ParameterType::size,
     .default_text = "16GiB",
     .summary = "what a full collection moves at most with compact.effort=adaptive",
     .most = OldVariants::kUnlimited,
     .default_rule = "16GiB, no limit; 30MiB where old.route=late_veto"},
    {.name = "compact.island_least",
     .type = ParameterType::size,
     .default_text = "16GiB",
     .summary = "a run of at least so many bytes that would hardly move stays, as if it were "
                "pinned; 16GiB: none does; CoreCLR has 32KiB",
     .most = OldVariants::kUnlimited},
    {.name = "compact.island_shift",
     .type = ParameterType::share,
     .default_text = "0.0625",
     .summary = "hardly: by less than this share of its bytes"},
    {.name = "old.headroom",
     .type = ParameterType::share,
     .default_text = "0",
     .summary = "of heap.max: blocks that only full collections may take, to evacuate to",
     .most = heap::kBillion / 2,
     .default_rule = "0; 2% where old.route=evacuate_around"},
    {.name = "old.skipped_gaps",
     .type = ParameterType::word,
     .default_text = "all",
     .summary = "which gaps of blocks that are skipped because of pins allocation may use",
     .choices = kOffers},
    {.name = "old.utilisation",
     .type = ParameterType::share,
     .default_text = "0.5",
     .summary = "of a block: with more alive it is no target"},
    {.name = "old.overhead",
     .type = ParameterType::decimal,
     .default_text = "1.3",
     .summary = "used / live bytes, below which an adaptive full collection has no targets",
     .most = 1000 * heap::kBillion},
    {.name = "old.contiguous",
     .type = ParameterType::size,
     .default_text = "2KiB",
     .summary = "free stretches of at least so many bytes count as gained",
     .least = 8,
     .most = heap::kBillion},
});

bool takes(const collector::OldRoute& route, std::string_view name) {
  return std::ranges::find(route.variants(), name) != route.variants().end();
}

std::string routes_that_take(std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& entry : collector::old_routes()) {
    if (takes(*entry.make(), name)) {
      names.push_back(entry.name);
    }
  }
  return heap::joined(names);
}

/// What the parameter is where nobody says otherwise.
std::string default_of(const Parameter& parameter, const OldVariants& own) {
  if (parameter.name == "compact.fit") {
    return std::string(kFits[static_cast<std::size_t>(*own.fit)]);
  }
  if (parameter.name == "compact.open_gaps") {
    return *own.open_gaps == OldVariants::kAllGaps ? "all" : std::to_string(*own.open_gaps);
  }
  if (parameter.name == "compact.budget") {
    return std::to_string(*own.budget);
  }
  if (parameter.name == "old.headroom") {
    return heap::canonical_number(ParameterType::share, *own.headroom);
  }
  return std::string(parameter.default_text);
}

template <class Enum, std::size_t kCount>
Enum word_of(const ParameterValues& values,
             std::string_view name,
             const std::array<std::string_view, kCount>& words) {
  return static_cast<Enum>(std::ranges::find(words, values.word(name)) - words.begin());
}

}  // namespace

std::span<const Parameter> old_variant_parameters() {
  return kParameters;
}

void settle_old_variants(ParameterValues& values) {
  const std::string route_name(values.word("old.route"));
  const auto route = heap::find_named(collector::old_routes(), route_name)->make();
  const OldVariants own = collector::settled(*route, {});
  for (const Parameter& parameter : kParameters) {
    const std::string_view name = parameter.name;
    const std::string otherwise = heap::canonical_text(parameter, default_of(parameter, own));
    const bool means_something = values.given(name) && values.canonical(name) != otherwise;
    if (means_something && !takes(*route, name)) {
      throw ParameterError(std::string(name) + "=" + values.canonical(name) + ": old.route=" +
                           route_name + " does not take it; " + routes_that_take(name) + " do");
    }
    if (means_something && values.canonical(name) == "best") {
      throw ParameterError("compact.fit=best is the way of old.route=best_fit alone");
    }
    values.set_default(name, otherwise);
  }
}

OldVariants old_variants(const ParameterValues& values) {
  OldVariants variants;
  variants.fit = word_of<collector::Fit>(values, "compact.fit", kFits);
  variants.open_gaps = values.is_word("compact.open_gaps")
                           ? OldVariants::kAllGaps
                           : static_cast<std::uint32_t>(values.count("compact.open_gaps"));
  variants.budget = values.size("compact.budget");
  variants.island_least = values.size("compact.island_least");
  variants.island_shift = values.share("compact.island_shift");
  variants.headroom = values.share("old.headroom");
  variants.skipped_gaps = word_of<collector::Offer>(values, "old.skipped_gaps", kOffers);
  variants.utilisation = values.share("old.utilisation");
  variants.overhead = values.decimal("old.overhead");
  variants.contiguous = values.size("old.contiguous");
  return variants;
}

}  // namespace pinlab::harness
