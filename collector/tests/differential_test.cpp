// The same program under every pair of policies: isomorphic graphs with the same bytes. What pins
// and ambiguous roots hold is checked by the model and the verifier in each run.
//
// Rows of policies are chosen so that any two members of two axes meet in some row; each row's graph
// is compared with that of a heap that never collects, and so with every other row's.
#include "collector/compact_rule.hpp"
#include "collector/plan.hpp"
#include "collector/tests/random_program.hpp"

#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pinlab::collector::tests {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kBlock = 16 * kKiB;
constexpr std::uint64_t kTightBlocks = 26;

struct DifferentialAxis {
  std::string name;
  std::vector<std::string> members;
};

template <class T>
std::vector<std::string> names_of(std::span<const heap::Named<T>> registry) {
  std::vector<std::string> names;
  for (const heap::Named<T>& entry : registry) {
    names.emplace_back(entry.name);
  }
  return names;
}

/// Every registry that decides what a collection does, and what else may hold objects in place.
std::vector<DifferentialAxis> axes() {
  return {{"nursery.route", names_of(nursery_routes())},
          {"old.route", names_of(old_routes())},
          {"gap.reuse", names_of(heap::gap_reuses())},
          {"pin.spread", names_of(pinning::spreads())},
          {"compact.rule", names_of(compact_rules())},
          {"pin.transitive", {"0", "1", "any"}},
          {"ambiguous", {"no", "roots", "stacks"}},
          {"room", {"ample", "tight"}}};
}

using Row = std::vector<std::size_t>;  ///< a member of each axis

/// Greedy: of a few random rows always the one with the most pairs that no row has had.
std::vector<Row> pairwise_rows(const std::vector<DifferentialAxis>& all) {
  constexpr unsigned kTries = 40;
  std::map<std::array<std::size_t, 4>, bool> missing;
  for (std::size_t a = 0; a < all.size(); ++a) {
    for (std::size_t b = a + 1; b < all.size(); ++b) {
      for (std::size_t i = 0; i < all[a].members.size(); ++i) {
        for (std::size_t j = 0; j < all[b].members.size(); ++j) {
          missing[{a, i, b, j}] = true;
        }
      }
    }
  }
  const auto pairs_of = [&](const Row& row) {
    std::vector<std::array<std::size_t, 4>> pairs;
    for (std::size_t a = 0; a < row.size(); ++a) {
      for (std::size_t b = a + 1; b < row.size(); ++b) {
        pairs.push_back({a, row[a], b, row[b]});
      }
    }
    return pairs;
  };
  heap::Random random(1);
  std::vector<Row> rows;
  while (!missing.empty()) {
    Row best;
    std::size_t most = 0;
    for (unsigned attempt = 0; attempt < kTries; ++attempt) {
      Row row;
      for (const DifferentialAxis& axis : all) {
        row.push_back(random.below(axis.members.size()));
      }
      // A pair that is missing, so that every row gains something.
      const auto& wanted = missing.begin()->first;
      row[wanted[0]] = wanted[1];
      row[wanted[2]] = wanted[3];
      std::size_t gained = 0;
      for (const auto& pair : pairs_of(row)) {
        gained += missing.contains(pair) ? 1U : 0U;
      }
      if (gained > most) {
        most = gained;
        best = row;
      }
    }
    for (const auto& pair : pairs_of(best)) {
      missing.erase(pair);
    }
    rows.push_back(best);
  }
  return rows;
}

Options options_of(const std::vector<DifferentialAxis>& all, const Row& row) {
  const auto member = [&](std::string_view name) -> const std::string& {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].name == name) {
        return all[i].members[row[i]];
      }
    }
    FAIL("no such axis");
    return all[0].name;
  };
  Options options;
  options.heap_block = kBlock;
  const bool tight = member("room") == "tight";
  options.heap_max = tight ? kTightBlocks * kBlock : 8192 * kKiB;
  options.nursery_size = tight ? 16 * kBlock : 256 * kKiB;
  options.gap_min = 256;
  options.verify = VerifyLevel::full;
  options.nursery_route = member("nursery.route");
  options.old_route = member("old.route");
  options.gap_reuse = member("gap.reuse");
  options.pin_spread = member("pin.spread");
  options.compact_rule = member("compact.rule");
  options.compact_variants.least_share = 100'000'000;
  const std::string& depth = member("pin.transitive");
  options.pin_transitive = depth == "any" ? Options::kAnyDepth : depth == "1" ? 1 : 0;
  options.ambiguous_stacks = member("ambiguous") == "stacks";
  return options;
}

ProgramMix mix_of(std::uint64_t seed, bool pins) {
  return {.seed = seed,
          .steps = 300,
          .pin_percent = pins ? 6U : 0U,
          .plug_percent = 4,
          .live_target = 700};
}

struct Outcome {
  std::optional<std::uint64_t> graph;  ///< nothing: memory was out
  std::uint64_t failed = 0;            ///< objects for which there was no room to copy to
};

struct CountFailures final : PauseObserver {
  std::uint64_t failed = 0;
  void paused(const PauseReport& report) override { failed += report.failed_objects; }
};

/// `chance_words`: words that are no references, besides: what they hold is in no graph.
Outcome run(const Options& options, const ProgramMix& mix, bool chance_words) {
  Outcome outcome;
  CountFailures failures;
  RandomProgram program(options, mix);
  program.runtime().add_observer(failures);
  heap::Random random(mix.seed);
  const heap::AddressRange blocks = program.runtime().heap().blocks_range();
  for (unsigned i = 0; chance_words && i < 8; ++i) {
    const heap::Address anywhere = blocks.base + random.below(blocks.bytes());
    static_cast<void>(program.runtime().ambiguous().add(anywhere.value()));
  }
  try {
    // A list on the stack, which grows from round to round.
    Root first(program.mutator());
    Root second(program.mutator());
    Root third(program.mutator());
    const Root* before = &third;  // null so far
    heap::ObjectRef held;
    for (Root* const root : {&first, &second, &third}) {
      program.run();
      CHECK((!options.ambiguous_stacks || before->get() == held));
      root->set(program.mutator().allocate({.references = 1, .bytes = 40}, before->get()));
      before = root;
      held = root->get();
    }
    program.run();
    outcome.graph = program.runtime().graph_digest(program.mutator());
  } catch (const HeapExhausted&) {
    CAPTURE("memory is out");
  }
  program.unpin_everything();
  outcome.failed = failures.failed;
  return outcome;
}

TEST_CASE("the same program ends in the same graph under every pair of policies") {
  const std::vector<DifferentialAxis> all = axes();
  const std::vector<Row> rows = pairwise_rows(all);
  std::map<std::pair<std::uint64_t, bool>, std::uint64_t> expected;
  for (const std::uint64_t seed : {1U, 2U}) {
    for (const bool pins : {false, true}) {
      Options never;
      never.plan = "no_gc";
      never.heap_max = std::uint64_t{256} << 20U;
      never.heap_block = kBlock;
      expected[{seed, pins}] = *run(never, mix_of(seed, pins), false).graph;
    }
  }
  std::uint64_t failed = 0;
  std::size_t exhausted = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Options options = options_of(all, rows[i]);
    const std::uint64_t seed = 1 + i % 2;
    CAPTURE(options.nursery_route);
    CAPTURE(options.old_route);
    CAPTURE(options.gap_reuse);
    CAPTURE(options.pin_spread);
    CAPTURE(options.compact_rule);
    CAPTURE(options.pin_transitive);
    CAPTURE(options.heap_max);
    CAPTURE(rows[i][6]);
    // Under the lock nothing is collected beside a pin: it is compared without them.
    const bool pins = options.nursery_route != "lock";
    const Outcome outcome = run(options, mix_of(seed, pins), rows[i][6] == 1);
    failed += outcome.failed;
    exhausted += outcome.graph ? 0U : 1U;
    if (outcome.graph) {
      CHECK(*outcome.graph == expected[{seed, pins}]);
    } else {
      CHECK(options.heap_max == kTightBlocks * kBlock);  // only where room is tight
    }
  }
  MESSAGE(rows.size() << " rows, " << exhausted << " out of memory, " << failed
                      << " objects without room to go to");
  CHECK(rows.size() >= 100);
  CHECK(exhausted * 2 < rows.size() / 2);  // half of the tight ones at most
  CHECK(failed > 100);                     // else evacuation never failed
}

}  // namespace
}  // namespace pinlab::collector::tests
