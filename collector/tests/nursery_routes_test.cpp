// What each nursery route promises of a block with a pin, its variants, and what must hold under
// all of them: every pin where it was made, every other object found again, every run at an end.
#include "collector/nursery_route.hpp"
#include "collector/tests/random_program.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <vector>

namespace pinlab::collector::tests {
namespace {

namespace state = heap::block_state;
using heap::ObjectRef;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kBlock = 16 * kKiB;
constexpr std::uint64_t kHalf = 500'000'000;  // a share in billionths
constexpr std::uint64_t kWhole = 1'000'000'000;

Options small_heap(const std::string& route) {
  Options options;
  options.heap_max = 8192 * kKiB;
  options.heap_block = kBlock;
  options.nursery_size = 256 * kKiB;
  options.nursery_route = route;
  options.gap_min = 256;
  options.verify = VerifyLevel::full;
  options.verify_when = VerifyWhen::before_after;
  return options;
}

/// Sums of what collections report.
struct Sums {
  std::uint64_t retained = 0;
  std::uint64_t given_up = 0;
  std::uint64_t cemented = 0;
  std::uint64_t degraded = 0;
  std::uint64_t in_place = 0;
  std::uint64_t demoted = 0;
  std::uint64_t copied = 0;
  std::uint64_t failed = 0;
};

struct Summing final : PauseObserver {
  Sums sums;

  void paused(const PauseReport& report) override {
    sums.retained += report.retained_blocks;
    sums.given_up += report.given_up_blocks;
    sums.cemented += report.cemented_objects;
    sums.degraded += report.degraded_bytes;
    sums.demoted += report.demoted_objects;
    sums.failed += report.failed_objects;
    if (report.kind == PauseKind::young) {
      sums.in_place += report.in_place_objects;
      sums.copied += report.copied_objects;
    }
  }
};

struct Variant {
  std::string route;
  std::string name;
  std::function<void(NurseryVariants&)> set;
  /// What shows in the sums that the variant did something.
  std::function<bool(const Sums& with, const Sums& without)> acts;
};

std::vector<Variant> all_variants() {
  return {
      {"promote_block", "evacuate=by_class",
       [](NurseryVariants& v) { v.evacuate = Evacuate::by_class; },
       [](const Sums& with, const Sums& without) { return with.in_place > without.in_place; }},
      {"promote_block", "evacuate=none", [](NurseryVariants& v) { v.evacuate = Evacuate::none; },
       [](const Sums& with, const Sums& without) { return with.in_place > without.in_place; }},
      {"promote_block", "retain=50% give_up=1",
       [](NurseryVariants& v) {
         v.retain = kHalf;
         v.give_up = 1;
       },
       [](const Sums& with, const Sums&) { return with.retained > 0 && with.given_up > 0; }},
      {"promote_block", "retain=100%", [](NurseryVariants& v) { v.retain = kWhole; },
       [](const Sums& with, const Sums&) { return with.retained > 0; }},
      {"fragments", "cement=1", [](NurseryVariants& v) { v.cement = 1; },
       [](const Sums& with, const Sums&) { return with.cemented > 0; }},
      {"fragments", "cramped=degraded", [](NurseryVariants& v) { v.cramped = Cramped::degraded; },
       [](const Sums& with, const Sums&) { return with.degraded > 0; }},
      {"region_demote", "sweep=30%", [](NurseryVariants& v) { v.sweep = 3 * kWhole / 10; },
       [](const Sums& with, const Sums& without) { return with.in_place > without.in_place; }},
      {"region_demote", "promote=1%", [](NurseryVariants& v) { v.promote = kWhole / 100; },
       [](const Sums& with, const Sums& without) { return with.demoted < without.demoted; }},
      {"sticky", "copy=30%", [](NurseryVariants& v) { v.copy = 3 * kWhole / 10; },
       [](const Sums& with, const Sums&) { return with.copied > 0; }},
      {"sticky", "copy=100%", [](NurseryVariants& v) { v.copy = kWhole; },
       [](const Sums& with, const Sums&) { return with.copied > 0; }},
      {"nailboard", "nailboards=0", [](NurseryVariants& v) { v.nailboards = 0; },
       [](const Sums& with, const Sums& without) { return with.in_place > without.in_place; }},
      {"nailboard", "nailboards=2", [](NurseryVariants& v) { v.nailboards = 2; },
       [](const Sums& with, const Sums& without) { return with.in_place > without.in_place; }},
  };
}

Sums run(Options options, const NurseryVariants& variants, std::uint64_t seed, bool cramped) {
  options.nursery_variants = variants;
  options.nursery_size = cramped ? 64 * kKiB : options.nursery_size;
  Summing observer;
  RandomProgram program(options, {.seed = seed, .steps = 3000, .pin_percent = 20});
  program.runtime().add_observer(observer);
  program.run();
  program.unpin_everything();
  program.collect();
  return observer.sums;
}

TEST_CASE("every variant of a nursery route agrees with the model, and shows in the figures") {
  for (const Variant& variant : all_variants()) {
    CAPTURE(variant.route);
    CAPTURE(variant.name);
    bool acted = false;
    for (const char* spread : {"object", "line"}) {
      for (std::uint64_t seed = 1; seed <= 2; ++seed) {
        CAPTURE(spread);
        CAPTURE(seed);
        Options options = small_heap(variant.route);
        options.pin_spread = spread;
        NurseryVariants variants;
        variant.set(variants);
        const bool cramped = variants.cramped == Cramped::degraded;
        const Sums with = run(options, variants, seed, cramped);
        const Sums without = run(options, {}, seed, cramped);
        acted = acted || variant.acts(with, without);
      }
    }
    CHECK(acted);
  }
}

TEST_CASE("every variant that a route names is tested above, or is one of the lock's") {
  std::vector<std::string> tested = {"nursery.lock", "nursery.lock_retries"};
  for (const Variant& variant : all_variants()) {
    const std::string& name = variant.name;
    for (std::size_t at = 0; at < name.size();) {
      tested.push_back("nursery." + name.substr(at, name.find('=', at) - at));
      const std::size_t space = name.find(' ', at);
      at = space == std::string::npos ? name.size() : space + 1;
    }
  }
  for (const std::string_view name : nursery_variant_names()) {
    CAPTURE(name);
    CHECK(std::ranges::find(tested, name) != tested.end());
  }
}

/// A young block with dead objects, a live one that may move, and a pinned one in the middle.
struct LonelyPin {
  explicit LonelyPin(const std::string& route)
      : runtime(small_heap(route)),
        mutator(runtime.attach()),
        pins(runtime.pins(), pinning::Liveness::strong),
        neighbour(*mutator) {
    garbage();
    neighbour.set(mutator->allocate({.references = 1, .bytes = 40}));
    garbage();
    pinned = mutator->allocate({.references = 0, .bytes = 96});
    pins.pin(pinned, 0);
    garbage();
    before = neighbour.get();
  }
  void garbage() const {
    for (unsigned i = 0; i < 20; ++i) {
      static_cast<void>(mutator->allocate({.references = 0, .bytes = 100}));
    }
  }
  [[nodiscard]] bool is_old() { return !runtime.heap().is_young(pinned.address()); }
  [[nodiscard]] bool moved() const { return neighbour.get() != before; }
  /// Whether what is allocated next ever lies in the pinned object's block.
  [[nodiscard]] bool is_open() {
    for (unsigned i = 0; i < 400; ++i) {
      const ObjectRef next = mutator->allocate({.references = 0, .bytes = 300});
      if (runtime.heap().block_of(next.address()) == runtime.heap().block_of(pinned.address())) {
        return true;
      }
    }
    return false;
  }

  Runtime runtime;
  std::unique_ptr<Mutator> mutator;
  pinning::PinSet pins;
  Root neighbour;
  ObjectRef pinned;
  ObjectRef before;
};

struct Contract {
  std::string_view route;
  bool old;    ///< the pinned object, after one young collection
  bool moves;  ///< its neighbour
  bool open;   ///< its block is open to the next young objects
};

constexpr auto kContracts = std::to_array<Contract>({
    {"fragments", false, true, true},
    {"promote_block", true, true, false},
    {"quarantine", false, true, false},
    {"quarantine_promote", false, true, false},
    {"plug_demote", true, true, false},  // the survivor slides into the pin's block
    {"region_demote", true, true, false},
    {"sticky", true, false, true},
    {"page_promote", true, false, false},
    {"wipe", true, true, false},
    {"nailboard", true, true, false},
});

TEST_CASE("each nursery route keeps its promise to a lonely pin and its neighbour") {
  CHECK(kContracts.size() + 1 == nursery_routes().size());  // all but the lock
  for (const Contract& contract : kContracts) {
    CAPTURE(contract.route);
    LonelyPin world{std::string(contract.route)};
    const ObjectRef pinned = world.pinned;
    world.mutator->collect_young();
    CHECK(world.pinned == pinned);
    CHECK(world.is_old() == contract.old);
    CHECK(world.moved() == contract.moves);
    CHECK(world.is_open() == contract.open);
    // Unpinned it is an object as any other; nothing holds the block any more.
    world.pins.unpin_all();
    world.mutator->collect_full(CompactEffort::exhaustive);
    world.mutator->collect_full(CompactEffort::exhaustive);
    CHECK(world.runtime.heap().used_blocks() <= 2);
  }
}

TEST_CASE("a quarantined block is promoted once it is old enough, and a plain one never") {
  for (const bool promotes : {false, true}) {
    LonelyPin world(promotes ? "quarantine_promote" : "quarantine");
    world.mutator->collect_young();
    CHECK_FALSE(world.is_old());
    for (unsigned i = 0; i < 5; ++i) {
      world.mutator->collect_young();
    }
    CHECK(world.is_old() == promotes);
  }
}

TEST_CASE("islands above the last survivor are demoted, however often they survive") {
  for (const char* route : {"plug_demote", "region_demote"}) {
    CAPTURE(route);
    Runtime runtime(small_heap(route));
    Summing observer;
    runtime.add_observer(observer);
    const auto mutator = runtime.attach();
    for (unsigned i = 0; i < 400; ++i) {
      static_cast<void>(mutator->allocate({.references = 0, .bytes = 100}));
    }
    pinning::PinSet pins(runtime.pins(), pinning::Liveness::strong);
    const ObjectRef pinned = mutator->allocate({.references = 0, .bytes = 96});
    pins.pin(pinned, 0);
    for (unsigned i = 0; i < 5; ++i) {
      mutator->collect_young();
      CHECK(runtime.heap().is_young(pinned.address()));
    }
    CHECK(observer.sums.demoted == 5);
  }
}

TEST_CASE("F9 under the lock a pin that nobody ends stops every collection; no other route does") {
  for (const auto& route : nursery_routes()) {
    CAPTURE(route.name);
    LonelyPin world(std::string(route.name));
    if (route.name == "lock") {
      CHECK_THROWS_AS(world.mutator->collect_young(), GcBlocked);
      world.pins.unpin_all();
    }
    CHECK_NOTHROW(world.mutator->collect_young());
  }
}

TEST_CASE("the lock gives up after its retries, or holds back, and both end") {
  for (const LockVariant lock : {LockVariant::retry, LockVariant::hold_back}) {
    Options options = small_heap("lock");
    options.nursery_variants.lock = lock;
    Runtime runtime(options);
    const auto mutator = runtime.attach();
    pinning::PinSet pins(runtime.pins(), pinning::Liveness::strong);
    pins.pin(mutator->allocate({.references = 0, .bytes = 96}), 0);
    bool ended = false;
    try {
      for (unsigned i = 0; i < 200'000; ++i) {
        static_cast<void>(mutator->allocate({.references = 0, .bytes = 100}));
      }
    } catch (const GcBlocked&) {
      ended = true;
    } catch (const HeapExhausted&) {
      ended = lock == LockVariant::retry;  // garbage is all around, and nobody collects it
    }
    CHECK(ended);
    pins.unpin_all();
    CHECK_NOTHROW(mutator->collect_full());
  }
}

TEST_CASE("F7 plugs of a block less 0, 8 and 16 bytes leave every route walkable, and end") {
  for (const auto& route : nursery_routes()) {
    if (route.name == "lock") {
      continue;
    }
    for (const std::uint64_t less : {0U, 8U, 16U}) {
      CAPTURE(route.name);
      CAPTURE(less);
      Runtime runtime(small_heap(std::string(route.name)));
      const auto mutator = runtime.attach();
      pinning::PinSet pins(runtime.pins(), pinning::Liveness::strong);
      Root survivors(*mutator);
      std::vector<ObjectRef> pinned;
      for (unsigned block = 0; block < 60; ++block) {
        const std::uint64_t quarter = kBlock / 4;
        for (unsigned part = 0; part < 4; ++part) {
          const std::uint64_t bytes = quarter - (part == 3 ? less : 0);
          const ObjectRef object = mutator->allocate({.references = 0, .bytes = bytes - 8});
          if (block % 3 != 0) {
            pins.pin(object, 0);
            pinned.push_back(object);
          }
        }
        if (less >= 8) {
          survivors.set(mutator->allocate({.references = 1, .bytes = 0}, survivors.get()));
        }
      }
      mutator->collect_young();
      mutator->collect_full(CompactEffort::exhaustive);
      for (const ObjectRef object : pinned) {
        REQUIRE(object.bytes() >= kBlock / 4 - less);
        REQUIRE(runtime.pins().is_pinned(object));
      }
      unsigned found = 0;
      for (ObjectRef link = survivors.get(); link; link = link.load(0)) {
        ++found;
      }
      CHECK(found == (less >= 8 ? 60U : 0U));
    }
  }
}

TEST_CASE("with no room to copy to, every route keeps what it must, or says that memory is out") {
  Summing observer;
  for (const auto& route : nursery_routes()) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      CAPTURE(route.name);
      CAPTURE(seed);
      Options options = small_heap(std::string(route.name));
      options.heap_max = 24 * kBlock;
      options.nursery_size = 16 * kBlock;
      const bool lock = route.name == "lock";
      RandomProgram program(options, {.seed = seed,
                                      .steps = 3000,
                                      .pin_percent = lock ? 0U : 10U,
                                      .large_permille = 0,
                                      .live_target = 900});
      program.runtime().add_observer(observer);
      try {
        program.run();
      } catch (const HeapExhausted&) {
        CAPTURE("memory is out");
      } catch (const GcBlocked&) {
        CHECK(lock);
      }
      program.unpin_everything();
    }
  }
  CHECK(observer.sums.failed > 100);  // else there was room
}

TEST_CASE("F19 a pinned young object that only its pin holds leads to old and young objects") {
  for (const auto& route : nursery_routes()) {
    if (route.name == "lock") {
      continue;
    }
    CAPTURE(route.name);
    Runtime runtime(small_heap(std::string(route.name)));
    const auto mutator = runtime.attach();
    Root old_one(*mutator, mutator->allocate({.references = 0, .bytes = 8}));
    old_one.get().slot(0).word() = 1;
    mutator->collect_full();
    pinning::PinSet pins(runtime.pins(), pinning::Liveness::strong);
    const ObjectRef young = mutator->allocate({.references = 0, .bytes = 8});
    young.slot(0).word() = 2;
    const ObjectRef pinned = mutator->allocate({.references = 2, .bytes = 0}, old_one.get(), young);
    pins.pin(pinned, 0);
    old_one.set({});
    for (unsigned i = 0; i < 4; ++i) {
      mutator->collect_young();
      mutator->collect_full();
      REQUIRE(pinned.load(0).slot(0).word() == 1);
      REQUIRE(pinned.load(1).slot(0).word() == 2);
    }
  }
}

}  // namespace
}  // namespace pinlab::collector::tests
