#include "collector/plan.hpp"
#include "collector/tests/random_program.hpp"

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

TEST_CASE("a random program agrees with its model under every route, gap reuse and spread") {
  for (const auto& nursery : nursery_routes()) {
    for (const auto& old : old_routes()) {
      for (const auto& reuse : heap::gap_reuses()) {
        for (const auto& spread : pinning::spreads()) {
          CAPTURE(nursery.name);
          CAPTURE(old.name);
          CAPTURE(reuse.name);
          CAPTURE(spread.name);
          Options options = small_heap();
          options.nursery_route = nursery.name;
          options.old_route = old.name;
          options.gap_reuse = reuse.name;
          options.pin_spread = spread.name;
          const bool lock = nursery.name == "lock";
          RandomProgram program(options,
                                {.seed = 7, .steps = 2500, .pin_percent = lock ? 0U : 15U});
          try {
            program.run();
          } catch (const GcBlocked&) {
            CHECK(lock);
          }
        }
      }
    }
  }
}

TEST_CASE("islands that fill the nursery are aged out instead of collected around for ever") {
  Options options = small_heap();
  options.nursery_route = "fragments";
  options.nursery_size = std::uint64_t{64} << 10U;
  Runtime runtime(options);
  const auto mutator = runtime.attach();
  pinning::PinSet pins(runtime.pins(), true);
  constexpr unsigned kObjects = 6000;
  for (unsigned i = 0; i < kObjects; ++i) {
    pins.pin(mutator->allocate({0, 200}), 0);
  }
  CHECK(runtime.collections() < 100);
  CHECK(pins.size() == kObjects);
}

}  // namespace
}  // namespace pinlab::collector::tests
