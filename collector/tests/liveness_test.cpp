// What a pin does to the life of its object, and what becomes of pins that nobody has any more.
#include "heap/support/random.hpp"
#include "collector/tests/pin_world.hpp"

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace pinlab::collector::tests {
namespace {

using heap::ObjectRef;
using pinning::Liveness;
using pinning::Pinner;
using pinning::PinSet;

constexpr std::array kPlans = {"generational", "semispace", "mark_sweep"};

Options options_of(const char* plan, Liveness liveness) {
  Options options = moving_options();
  options.plan = plan;
  options.pin_liveness = liveness;
  return options;
}

/// An object that a pin alone could keep, and what became of it in one collection.
struct Fate {
  bool survived;
  std::uint64_t pins_left;
  std::uint64_t died;
};

Fate fate_of(const char* plan, Liveness liveness, bool old, bool full) {
  PinWorld world(options_of(plan, liveness));
  world.pins().set_collected_handler([](const pinning::CollectedPin&) {});
  std::uint32_t weak = 0;
  Pinner pinner(world.pins());
  {
    const Root root(world.mutator(), world.make());
    pinner.pin(root.get());
    if (old) {
      world.collect_young();
    }
    weak = world.runtime().weaks().add(root.get());
  }
  full ? world.collect_full() : world.collect_young();
  return {.survived = static_cast<bool>(world.runtime().weaks().get(weak)),
          .pins_left = pinner.size(),
          .died = world.pins().counts().died};
}

TEST_CASE("a strong pin keeps a dropped object, a weak one and a crashing one end with it") {
  for (const char* plan : kPlans) {
    for (const bool old : {false, true}) {
      for (const bool full : {false, true}) {
        CAPTURE(plan);
        CAPTURE(old);
        CAPTURE(full);
        const Fate strong = fate_of(plan, Liveness::strong, old, full);
        CHECK(strong.survived);
        CHECK(strong.pins_left == 1);
        // A young collection does not ask what of the old generation is alive: under mark_sweep
        // that is everything, and semispace collects all of the heap each time.
        const bool asked = full || std::string(plan) == "semispace" ||
                           (!old && std::string(plan) == "generational");
        for (const Liveness liveness : {Liveness::weak, Liveness::crash}) {
          const Fate fate = fate_of(plan, liveness, old, full);
          CHECK(fate.survived == !asked);
          CHECK(fate.pins_left == (asked ? 0 : 1));
          CHECK(fate.died == (asked ? 1 : 0));
        }
      }
    }
  }
}

TEST_CASE("a weak pin holds its object in place as long as something else keeps it") {
  for (const char* route : {"promote_block", "fragments"}) {
    Options options = options_of("generational", Liveness::weak);
    options.nursery_route = route;
    PinWorld world(options);
    Neighbour neighbour(world);
    const Root object(world.mutator(), world.make());
    const ObjectRef there = object.get();
    mark(there, 7);
    Pinner pinner(world.pins());
    pinner.pin(there);
    for (const bool full : {false, true}) {
      full ? world.collect_full() : world.collect_young();
      CHECK(neighbour.has_moved());
      CHECK(object.get() == there);
      CHECK(mark_of(there) == 7);
    }
  }
}

TEST_CASE("one strong pin beside weak ones keeps the object, and all of them stay") {
  for (const char* plan : kPlans) {
    PinWorld world(options_of(plan, Liveness::strong));
    PinSet weak(world.pins(), Liveness::weak);
    PinSet strong(world.pins(), Liveness::strong);
    const ObjectRef object = world.make();
    mark(object, 5);
    weak.pin(object, 0);
    strong.pin(object, 0);
    weak.pin(object, 0);
    world.collect_young();
    world.collect_full();
    CHECK(weak.size() == 2);
    CHECK(mark_of(object) == 5);
    strong.unpin_all();
    world.collect_full();
    CHECK(weak.empty());
    CHECK(world.pins().overflow_records() == 0);
  }
}

TEST_CASE("the collection of a pinned object ends the program with who pinned it, since when") {
  for (const bool full : {false, true}) {
    PinWorld world(options_of("generational", Liveness::crash));
    const pinning::SiteId site = world.pins().sites().intern("reader.cpp:12");
    Pinner pinner(world.pins());
    {
      const Root root(world.mutator(), world.make());
      pinner.pin(root.get(), site);
      world.collect_young();
    }
    if (full) {
      CHECK_THROWS_WITH_AS(world.collect_full(),
                           doctest::Contains("reader.cpp:12 at 0 bytes allocated, 2 collections"),
                           PinnedObjectCollected);
    } else {
      pinner.pin(world.make(), site);
      CHECK_THROWS_AS(world.collect_young(), PinnedObjectCollected);
      CHECK(pinner.size() == 1);  // the old one: nobody asked
    }
    world.runtime().verify(world.mutator(), VerifyLevel::full);
  }
}

/// How a set may be lost.
enum class Loss : std::uint8_t { dropped, owner_dies, owns_itself, owned_by_what_it_pins };

struct Lost {
  explicit Lost(Loss loss) : world(), owner(world.mutator()) {
    site = world.pins().sites().intern("forgetful");
    const Root buffer(world.mutator(), world.make(1, 4000));
    owner.set(loss == Loss::owns_itself ? buffer.get() : world.make(1));
    if (loss == Loss::owned_by_what_it_pins) {
      world.mutator().store(buffer.get(), 0, owner.get());
    }
    Pinner made = loss == Loss::dropped ? Pinner(world.pins()) : Pinner(world.pins(), owner.get());
    made.pin(buffer.get(), site);
    object = buffer.get();
    if (loss == Loss::dropped) {
      made.lose();
    } else {
      pinner.emplace(std::move(made));
    }
    world.collect_young();  // what is young is old by now: a leak is found all the same
    CHECK(world.pins().held() == 1);
    owner.set({});
  }

  PinWorld world;
  Root owner;
  pinning::SiteId site = 0;
  heap::ObjectRef object;
  std::optional<Pinner> pinner;
};

TEST_CASE("a lost set is found by the first full collection, however it was lost") {
  for (const Loss loss :
       {Loss::dropped, Loss::owner_dies, Loss::owns_itself, Loss::owned_by_what_it_pins}) {
    CAPTURE(static_cast<int>(loss));
    Lost lost(loss);
    std::vector<pinning::PinLeak> leaks;
    lost.world.pins().set_leak_handler(
        [&](const pinning::PinLeak& leak) { leaks.push_back(leak); });
    lost.world.collect_young();
    CHECK(leaks.empty());
    lost.world.collect_full();
    REQUIRE(leaks.size() == 1);
    CHECK(leaks[0].site == lost.site);
    CHECK(leaks[0].pins == 1);
    CHECK(leaks[0].bytes == 8 + 8 + 4000);
    CHECK(leaks[0].collections == 3);
    REQUIRE(leaks[0].hostage);
    CHECK(*leaks[0].hostage > 0);  // the heap holds nothing else: a block of it
    CHECK(lost.world.pins().held() == 0);
    lost.world.collect_full();
    CHECK(leaks.size() == 1);
    CHECK(lost.world.runtime().heap().used_bytes() == 0);
  }
}

TEST_CASE(
    "sets whose owners only each other's pins reach are leaks, and a chain from a root is none") {
  for (const bool rooted : {false, true}) {
    CAPTURE(rooted);
    PinWorld world;
    std::uint64_t leaked = 0;
    world.pins().set_leak_handler([&](const pinning::PinLeak& leak) { leaked += leak.pins; });
    Root root(world.mutator(), world.make());
    // Each set's owner is pinned by the set before it, and the first one's by the last.
    constexpr std::size_t kSets = 4;
    std::vector<std::unique_ptr<Root>> owners;
    for (std::size_t i = 0; i < kSets; ++i) {
      owners.push_back(std::make_unique<Root>(world.mutator(), world.make()));
    }
    std::vector<Pinner> pinners;
    for (std::size_t i = 0; i < kSets; ++i) {
      pinners.emplace_back(world.pins(), owners[i]->get());
      pinners.back().pin(owners[(i + 1) % kSets]->get());
    }
    root.set(owners[2]->get());
    while (!owners.empty()) {
      owners.pop_back();
    }
    world.collect_young();
    world.collect_full();
    CHECK(leaked == 0);
    CHECK(world.pins().held() == kSets);
    if (!rooted) {
      root.set({});
    }
    world.collect_full();
    CHECK(leaked == (rooted ? 0 : kSets));
    CHECK(world.pins().held() == (rooted ? kSets : 0));
    for (Pinner& pinner : pinners) {
      pinner.unpin();
    }
  }
}

TEST_CASE("without a handler a leak ends the program with its site, time, age, bytes and cost") {
  Lost lost(Loss::dropped);
  const heap::Address base = lost.world.runtime().heap().base();
  const std::string sentence =
      "pinner: a set ended with 1 pins of 4016 bytes in it; its oldest was made by forgetful at 0 "
      "bytes allocated, 2 collections ago, of the object at heap offset " +
      std::to_string(lost.object.address() - base) + ", and held 16384 bytes hostage";
  CHECK_THROWS_WITH_AS(lost.world.collect_full(), sentence.c_str(), PinLeaked);
  CHECK_NOTHROW(lost.world.collect_full());  // once
}

TEST_CASE("a set that a global reaches is no leak, however old it is: its age shows") {
  struct Ages final : PauseObserver {
    void paused(const PauseReport& report) override { last = report; }
    PauseReport last;
  } ages;
  PinWorld world;
  world.runtime().add_observer(ages);
  const std::uint32_t global = world.runtime().globals().add(world.make());
  const pinning::SiteId site = world.pins().sites().intern("forgotten");
  Pinner forgotten(world.pins(), world.runtime().globals().get(global));
  forgotten.pin(world.runtime().globals().get(global), site);
  for (int i = 0; i < 9; ++i) {
    world.collect_young();
  }
  Pinner fresh(world.pins());
  fresh.pin(world.make());
  world.collect_full();
  REQUIRE(ages.last.sites.size() == 2);
  CHECK(ages.last.sites[1].site == site);
  CHECK(ages.last.sites[1].oldest_collections == 10);
  CHECK(ages.last.pin_ages[0] == 1);
  CHECK(ages.last.pin_ages[3] == 1);
  CHECK(ages.last.pins == 2);
  CHECK(ages.last.pinned_bytes == 2 * 48);
}

TEST_CASE("the census looks at every so many-th pin, and counts it so often") {
  struct Sites final : PauseObserver {
    void paused(const PauseReport& report) override { last = report; }
    PauseReport last;
  } sites;
  Options options = moving_options();
  options.measure_pins = 10;
  PinWorld world(options);
  world.runtime().add_observer(sites);
  Pinner pinner(world.pins());
  for (int i = 0; i < 1000; ++i) {
    pinner.pin(world.make(0, 24), 0);
  }
  world.collect_full();
  CHECK(sites.last.pins == 1000);
  CHECK(sites.last.pinned_bytes == 32'000);
  REQUIRE(sites.last.sites.size() == 1);
  CHECK(sites.last.sites[0].pins == 1000);
  CHECK(sites.last.sites[0].pinned_bytes == 32'000);
}

// Two places in the code, however a compiler unrolls the loops around them; they do something after
// the pin, so that it is no jump.
[[gnu::noinline]] void pin_here(Pinner& pinner, heap::ObjectRef object, int& pins) {
  pinner.pin(object);
  ++pins;
}
[[gnu::noinline]] void pin_there(Pinner& pinner, heap::ObjectRef object, int& pins) {
  pinner.pin(object);
  pins += 2;
}

TEST_CASE("pins that name no site get the code that made them, every so many-th") {
  Options options = moving_options();
  options.sample_sites = 2;
  PinWorld world(options);
  Pinner pinner(world.pins());
  const std::size_t before = world.pins().sites().size();
  int pins = 0;
  for (int i = 0; i < 10; ++i) {
    pin_here(pinner, world.make(), pins);
  }
  CHECK(world.pins().sites().size() == before + 1);
  const std::string name = world.pins().sites().name(static_cast<pinning::SiteId>(before));
  CHECK(name.find("+0x") != std::string::npos);
  pin_there(pinner, world.make(), pins);
  CHECK(pins == 12);
  CHECK(world.pins().sites().size() == before + 2);
}

/// A program of single objects, some in globals, pinned in any way; and what has to be alive.
class LivenessModel {
 public:
  explicit LivenessModel(const char* plan) : world_(options_of(plan, Liveness::strong)) {
    world_.pins().set_collected_handler([this](const pinning::CollectedPin&) { ++crashes_; });
    for (const Liveness liveness : {Liveness::strong, Liveness::weak, Liveness::crash}) {
      sets_.push_back(std::make_unique<PinSet>(world_.pins(), liveness));
    }
  }

  void run(std::uint64_t seed, int steps) {
    heap::Random random(seed);
    for (int step = 0; step < steps; ++step) {
      const std::uint64_t dice = random.below(100);
      if (dice < 40) {
        make(random);
      } else if (dice < 70) {
        pin(random);
      } else if (dice < 85) {
        unpin(random);
      } else if (dice < 97) {
        drop(random);
      } else {
        dice == 99 ? world_.collect_full() : world_.collect_young();
        check(dice == 99);
      }
    }
    sets_.clear();
  }

 private:
  struct Object {
    std::uint32_t global = 0;
    std::uint32_t weak = 0;
    bool rooted = true;
    std::array<std::uint64_t, 3> pins{};  ///< by liveness
  };

  Object& any(heap::Random& random) {
    return std::next(objects_.begin(), static_cast<std::ptrdiff_t>(random.below(objects_.size())))
        ->second;
  }
  ObjectRef ref(const Object& object) { return world_.runtime().weaks().get(object.weak); }

  void make(heap::Random& random) {
    const ObjectRef made = world_.make(0, 8 + 8 * random.below(20));
    mark(made, ++number_);
    objects_[number_] = {.global = world_.runtime().globals().add(made),
                         .weak = world_.runtime().weaks().add(made),
                         .pins = {}};
  }
  void pin(heap::Random& random) {
    if (objects_.empty()) {
      return;
    }
    Object& object = any(random);
    if (object.rooted) {  // what nobody refers to cannot be pinned again
      const std::size_t liveness = random.below(3);
      sets_[liveness]->pin(ref(object), 0);
      ++object.pins[liveness];
    }
  }
  void unpin(heap::Random& random) {
    if (objects_.empty()) {
      return;
    }
    Object& object = any(random);
    const std::size_t liveness = random.below(3);
    if (object.pins[liveness] > 0 && ref(object)) {
      REQUIRE(sets_[liveness]->unpin(ref(object)));
      --object.pins[liveness];
    }
  }
  void drop(heap::Random& random) {
    if (objects_.empty()) {
      return;
    }
    Object& object = any(random);
    if (object.rooted) {
      object.rooted = false;
      world_.runtime().globals().end(object.global);
    }
  }

  /// After a full collection exactly what is rooted or strongly pinned is there; after a young one
  /// at least that.
  void check(bool full) {
    std::uint64_t held = 0;
    for (auto entry = objects_.begin(); entry != objects_.end();) {
      auto& [number, object] = *entry;
      const bool expected = object.rooted || object.pins[0] > 0;
      const ObjectRef now = ref(object);
      if (expected || full) {
        REQUIRE(static_cast<bool>(now) == expected);
      }
      if (now) {
        REQUIRE(mark_of(now) == number);
        held += object.pins[0] + object.pins[1] + object.pins[2];
        ++entry;
      } else {
        expected_crashes_ += object.pins[2];
        world_.runtime().weaks().end(object.weak);
        entry = objects_.erase(entry);
      }
    }
    REQUIRE(world_.pins().held() == held);
    REQUIRE(crashes_ == expected_crashes_);
  }

  PinWorld world_;
  std::vector<std::unique_ptr<PinSet>> sets_;
  std::map<std::uint64_t, Object> objects_;
  std::uint64_t number_ = 0;
  std::uint64_t crashes_ = 0;
  std::uint64_t expected_crashes_ = 0;
};

TEST_CASE("random programs of strong, weak and crashing pins: what lives is what a model says") {
  for (const char* plan : kPlans) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      CAPTURE(plan);
      CAPTURE(seed);
      LivenessModel(plan).run(seed, 4000);
    }
  }
}

}  // namespace
}  // namespace pinlab::collector::tests
