#include "workloads/gcperfsim_args.hpp"

#include "heap/support/parameter.hpp"
#include "heap/support/wide.hpp"
#include "heap/support/words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <string>
#include <vector>

namespace pinlab::workloads {

namespace {

using heap::ParameterError;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30U;
/// What .NET puts into the large object heap.
constexpr std::uint64_t kLargeThreshold = 85'000;
constexpr std::uint64_t kMostThreads = 1024;
/// Of an object that is pinned at birth, whose share is counted without what lies around it: a
/// payload and the two objects around it have to fit.
constexpr std::uint64_t kLeastPinnedSize = 96;

[[noreturn]] void refuse(std::string_view argument, std::string_view why) {
  throw ParameterError("workload.args: " + std::string(argument) + ": " + std::string(why));
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

std::uint64_t whole(std::string_view argument, std::string_view text) {
  std::uint64_t value = 0;
  const bool hex = text.starts_with("0x");
  const std::string_view digits = hex ? text.substr(2) : text;
  const char* const end = digits.data() + digits.size();
  const auto [parsed, error] = std::from_chars(digits.data(), end, value, hex ? 16 : 10);
  if (error != std::errc() || parsed != end || value > 0xffff'ffffU) {
    refuse(argument, heap::quoted_text(text) + " is no whole number below 2^32");
  }
  return value;
}

/// A number of MiB or GiB, which may have decimals, in bytes.
std::uint64_t bytes(std::string_view argument, std::string_view text, std::uint64_t unit) {
  const heap::Parameter parameter = {.name = argument,
                                     .type = heap::ParameterType::decimal,
                                     .default_text = "0",
                                     .summary = "a number",
                                     .most = std::uint64_t{1} << 54U};
  heap::ParameterValues values({parameter});
  try {
    values.set(argument, text);
  } catch (const ParameterError& error) {
    throw ParameterError("workload.args: " + std::string(error.what()));
  }
  return static_cast<std::uint64_t>(heap::Wide{values.decimal(argument)} * unit / heap::kBillion);
}

/// One word of the command line, and what it does.
struct Argument {
  std::string_view name;
  std::string_view short_name;
  enum class Takes : std::uint8_t { nothing, a_value, perhaps_a_switch } takes;
  std::function<void(PerfSimArguments&, std::string_view argument, std::string_view value)> apply;
};
using Takes = Argument::Takes;

using Bucket = PerfSimBucket PerfSimArguments::*;

auto set_range(Bucket bucket, std::uint64_t least) {
  return [=](PerfSimArguments& result, std::string_view argument, std::string_view value) {
    const std::size_t dash = std::min(value.find('-'), value.size());
    PerfSimBucket& kind = result.*bucket;
    kind.size_least = whole(argument, value.substr(0, dash));
    kind.size_most = whole(argument, value.substr(std::min(dash + 1, value.size())));
    if (kind.size_least < least || kind.size_most < kind.size_least) {
      refuse(argument, heap::quoted_text(value) + " is no range that begins at " +
                           std::to_string(least) + " bytes or above");
    }
  };
}

auto set_count(Bucket bucket, std::uint64_t PerfSimBucket::*member) {
  return [=](PerfSimArguments& result, std::string_view argument, std::string_view value) {
    (result.*bucket).*member = whole(argument, value);
  };
}

auto set_bytes(std::uint64_t PerfSimArguments::*member, std::uint64_t unit) {
  return [=](PerfSimArguments& result, std::string_view argument, std::string_view value) {
    result.*member = bytes(argument, value, unit);
  };
}

auto only_zero(std::string_view why) {
  return [=](PerfSimArguments&, std::string_view argument, std::string_view value) {
    if (value != "0") {
      refuse(argument, why);
    }
  };
}

auto never(std::string_view why) {
  return [=](PerfSimArguments&, std::string_view argument, std::string_view) {
    refuse(argument, why);
  };
}

constexpr auto no_effect = [](PerfSimArguments&, std::string_view, std::string_view) {};

void set_test_kind(PerfSimArguments& /*result*/,
                   std::string_view argument,
                   std::string_view value) {
  if (lower(value) != "time") {
    refuse(argument,
           "only time: highSurvival collects until a clock ends it, and a run that "
           "depends on a clock cannot be repeated");
  }
}

void set_item(PerfSimArguments& result, std::string_view argument, std::string_view value) {
  const std::string word = lower(value);
  if (word == "simple" || word == "0") {
    result.item = PerfSimItem::simple;
  } else if (word == "reference" || word == "1") {
    result.item = PerfSimItem::reference;
  } else {
    refuse(argument, heap::quoted_text(value) + " is neither simple nor reference");
  }
}

constexpr std::string_view kNoFinalizers = "only 0: there are no finalizers here";

const std::vector<Argument>& arguments() {
  using A = PerfSimArguments;
  using B = PerfSimBucket;
  static const std::vector<Argument> all = {
      {"-testkind", "-tk", Takes::a_value, set_test_kind},
      {"-threadcount", "-tc", Takes::a_value,
       [](A& a, std::string_view argument, std::string_view value) {
         a.threads = whole(argument, value);
         if (a.threads == 0 || a.threads > kMostThreads) {
           refuse(argument, "from 1 to 1024 threads");
         }
       }},
      {"-lohallocratio", "-lohar", Takes::a_value, set_count(&A::large, &B::per_thousand)},
      {"-pohallocratio", "-pohar", Takes::a_value, set_count(&A::pinned, &B::per_thousand)},
      {"-totallivegb", "-tlgb", Takes::a_value, set_bytes(&A::live, kGiB)},
      {"-totalallocgb", "-tagb", Takes::a_value, set_bytes(&A::allocate, kGiB)},
      {"-requestallocmb", "-ramb", Takes::a_value, set_bytes(&A::request_allocate, kMiB)},
      {"-requestlivemb", "-rlmb", Takes::a_value, set_bytes(&A::request_live, kMiB)},
      {"-reqsohsurvinterval", "-rsohsi", Takes::a_value, set_count(&A::small, &B::request_every)},
      {"-reqlohsurvinterval", "-rlohsi", Takes::a_value, set_count(&A::large, &B::request_every)},
      {"-reqpohsurvinterval", "-rpohsi", Takes::a_value, set_count(&A::pinned, &B::request_every)},
      {"-totalmins", "-tm", Takes::a_value,
       only_zero("only 0: a run that a clock ends cannot be repeated; give -totalAllocGB")},
      {"-sohsizerange", "-sohsr", Takes::a_value, set_range(&A::small, 1)},
      {"-lohsizerange", "-lohsr", Takes::a_value, set_range(&A::large, kLargeThreshold)},
      {"-pohsizerange", "-pohsr", Takes::a_value, set_range(&A::pinned, kLeastPinnedSize)},
      {"-sizedistribution", "-sizedist", Takes::a_value,
       only_zero("only 0: the built-in distribution is a table of GCPerfSim's own; give ranges, or "
                 "take workload=empirical with a profile")},
      {"-sohsurvinterval", "-sohsi", Takes::a_value, set_count(&A::small, &B::survive_every)},
      {"-lohsurvinterval", "-lohsi", Takes::a_value, set_count(&A::large, &B::survive_every)},
      {"-pohsurvinterval", "-pohsi", Takes::a_value, set_count(&A::pinned, &B::survive_every)},
      {"-sohpinninginterval", "-sohpi", Takes::a_value, set_count(&A::small, &B::pin_every)},
      {"-lohpinninginterval", "-lohpi", Takes::a_value, set_count(&A::large, &B::pin_every)},
      {"-sohfinalizableinterval", "-sohfi", Takes::a_value, only_zero(kNoFinalizers)},
      {"-lohfinalizableinterval", "-lohfi", Takes::a_value, only_zero(kNoFinalizers)},
      {"-pohfinalizableinterval", "-pohfi", Takes::a_value, only_zero(kNoFinalizers)},
      {"-alloctype", "-at", Takes::a_value, set_item},
      {"-verifylivesize", "", Takes::perhaps_a_switch,
       [](A& a, std::string_view, std::string_view value) { a.verify_live_size = value != "0"; }},
      // Pauses and iterations are in every record.
      {"-printeverynthiter", "", Takes::a_value, no_effect},
      {"-lohpausemeasure", "-lohpm", Takes::a_value, no_effect},
      {"-finishwithfullcollect", "", Takes::perhaps_a_switch,
       [](A& a, std::string_view, std::string_view value) {
         a.full_collection_at_end = value != "0";
       }},
      {"-compute", "-c", Takes::perhaps_a_switch,
       [](A& a, std::string_view, std::string_view value) { a.compute = value != "0"; }},
      {"-endexception", "-ee", Takes::perhaps_a_switch,
       [](A&, std::string_view argument, std::string_view value) {
         if (value != "0") {
           refuse(argument, "no exception is thrown here when all is over");
         }
       }},
      {"-handletest", "", Takes::a_value, never("GCPerfSim does not implement it either")},
      {"-file", "", Takes::a_value, never("give the arguments themselves")},
  };
  return all;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    if (text.empty()) {
      return words;
    }
    words.push_back(text.substr(0, text.find_first_of(" \t")));
    text.remove_prefix(words.back().size());
  }
}

void check(const PerfSimArguments& a) {
  if (a.allocate == 0) {
    refuse("-totalAllocGB", "must be given: without it GCPerfSim runs for a minute by the clock");
  }
  if (a.large.per_thousand + a.pinned.per_thousand >= 1000) {
    refuse("-lohAllocRatio and -pohAllocRatio", "are per thousand, and together below 1000");
  }
  for (const PerfSimBucket* kind : {&a.small, &a.large}) {
    const bool used = kind == &a.small || kind->per_thousand > 0;
    if (used && kind->pin_every != 0 && kind->survive_every == 0) {
      refuse(kind == &a.small ? "-sohPinningInterval" : "-lohPinningInterval",
             "only survivors are pinned, and none survives: set it to 0");
    }
  }
  const bool survives =
      a.small.survive_every != 0 || a.pinned.survive_every != 0 || a.large.survive_every != 0;
  if (a.live == 0 && survives) {
    refuse("-totalLiveGB", "is 0: then -sohsi, -lohsi and -pohsi must be 0 too");
  }
}

}  // namespace

PerfSimArguments parse_perf_sim(std::string_view text) {
  PerfSimArguments result;
  const std::vector<std::string_view> words = words_of(text);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string name = lower(words[i]);
    const auto found = std::ranges::find_if(arguments(), [&](const Argument& argument) {
      return argument.name == name || (!argument.short_name.empty() && argument.short_name == name);
    });
    if (found == arguments().end()) {
      refuse(words[i], "GCPerfSim has no such argument");
    }
    std::string_view value;
    const bool more = i + 1 < words.size();
    if (found->takes == Takes::a_value) {
      if (!more) {
        refuse(words[i], "a value is missing");
      }
      value = words[++i];
    } else if (found->takes == Takes::perhaps_a_switch && more &&
               (words[i + 1] == "0" || words[i + 1] == "1")) {
      value = words[++i];
    }
    found->apply(result, words[i - (value.empty() ? 0 : 1)], value);
  }
  check(result);
  return result;
}

}  // namespace pinlab::workloads
