#include "collector/plan.hpp"
#include "collector/tests/random_program.hpp"

#include <algorithm>
#include <array>

namespace pinlab::collector::tests {
namespace {

Options small_heap() {
  Options options;
  options.heap_max = std::uint64_t{8} << 20U;
  options.heap_block = std::uint64_t{16} << 10U;
  options.nursery_size = std::uint64_t{256} << 10U;
  options.gap_min = 256;
  options.verify = VerifyLevel::full;
  options.verify_when = VerifyWhen::before_after;
  return options;
}

TEST_CASE("a random program agrees with its model under every plan") {
  for (const heap::Named<Plan>& plan : plans()) {
    if (plan.name == "no_gc") {
      continue;
    }
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      CAPTURE(plan.name);
      CAPTURE(seed);
      Options options = small_heap();
      options.plan = plan.name;
      RandomProgram program(options, {.seed = seed});
      program.run();
    }
  }
}

/// A member of each axis, by index.
using Choice = std::array<std::size_t, 4>;

/// Choices in which every two members of different axes meet, found greedily.
std::vector<Choice> pairwise(const Choice& sizes) {
  const auto met = [&](const Choice& a, const Choice& b, std::size_t i, std::size_t j) {
    return a[i] == b[i] && a[j] == b[j];
  };
  std::vector<Choice> choices;
  const auto add_pair = [&](std::size_t i, std::size_t j, std::size_t first, std::size_t second) {
    Choice wanted{};
    for (std::size_t axis = 0; axis < sizes.size(); ++axis) {
      wanted[axis] = (choices.size() * (2 * axis + 1) + first + second) % sizes[axis];
    }
    wanted[i] = first;
    wanted[j] = second;
    if (std::ranges::none_of(choices, [&](const Choice& c) { return met(c, wanted, i, j); })) {
      choices.push_back(wanted);
    }
  };
  // The two largest axes first: their pairs are the most, and carry the others along.
  std::array<std::size_t, 4> order = {0, 1, 2, 3};
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [&](std::size_t axis) { return sizes[axis]; });
  for (std::size_t a = 0; a < order.size(); ++a) {
    for (std::size_t b = a + 1; b < order.size(); ++b) {
      for (std::size_t first = 0; first < sizes[order[a]]; ++first) {
        for (std::size_t second = 0; second < sizes[order[b]]; ++second) {
          add_pair(order[a], order[b], first, second);
        }
      }
    }
  }
  return choices;
}

TEST_CASE("a random program agrees with its model where any route, reuse and spread meet") {
  const Choice sizes = {nursery_routes().size(), old_routes().size(), heap::gap_reuses().size(),
                        pinning::spreads().size()};
  std::uint64_t seed = 0;
  for (const Choice& choice : pairwise(sizes)) {
    Options options = small_heap();
    options.nursery_route = nursery_routes()[choice[0]].name;
    options.old_route = old_routes()[choice[1]].name;
    options.gap_reuse = heap::gap_reuses()[choice[2]].name;
    options.pin_spread = pinning::spreads()[choice[3]].name;
    CAPTURE(options.nursery_route);
    CAPTURE(options.old_route);
    CAPTURE(options.gap_reuse);
    CAPTURE(options.pin_spread);
    CAPTURE(++seed);
    const bool lock = options.nursery_route == "lock";
    RandomProgram program(options, {.seed = seed, .steps = 2500, .pin_percent = lock ? 0U : 15U});
    try {
      program.run();
    } catch (const GcBlocked&) {
      CHECK(lock);
    }
  }
}

TEST_CASE("islands that fill the nursery are aged out instead of collected around for ever") {
  Options options = small_heap();
  options.nursery_route = "fragments";
  options.nursery_size = std::uint64_t{64} << 10U;
  Runtime runtime(options);
  const auto mutator = runtime.attach();
  pinning::PinSet pins(runtime.pins(), pinning::Liveness::strong);
  constexpr unsigned kObjects = 6000;
  for (unsigned i = 0; i < kObjects; ++i) {
    pins.pin(mutator->allocate({0, 200}), 0);
  }
  CHECK(runtime.collections() < 100);
  CHECK(pins.size() == kObjects);
}

}  // namespace
}  // namespace pinlab::collector::tests
