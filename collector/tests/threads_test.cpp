// Many mutators on one heap, and threads that are none and end pins: the world stops and goes on,
// and nothing is lost.
#include "heap/support/random.hpp"
#include "collector/runtime.hpp"
#include "collector/safe_region.hpp"
#include "collector/tests/thread_support.hpp"

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <thread>
#include <vector>

namespace pinlab::collector::tests {
namespace {

using heap::ObjectRef;
using pinning::PinSet;

constexpr unsigned kThreads = 8;
constexpr std::size_t kOwnObjects = 200;
constexpr std::size_t kShared = 32;  ///< global roots through which threads see others' objects

Options small_heap(VerifyLevel verify) {
  Options options;
  options.heap_max = std::uint64_t{16} << 20U;
  options.heap_block = std::uint64_t{16} << 10U;
  options.nursery_size = std::uint64_t{512} << 10U;
  options.gap_min = 64;
  options.gap_reuse = "first_fit";
  options.verify = verify;
  options.verify_when = VerifyWhen::before_after;
  return options;
}

struct World {
  Runtime& runtime;
  std::array<std::uint32_t, kShared> shared{};
  SetQueue queue;
  Failures failures;
  bool foreign = false;
};

/// One thread of the program and its own model of what it built.
class Program {
 public:
  Program(World& world, unsigned thread)
      : world_(world),
        mutator_(world.runtime.attach()),
        random_(heap::Random(17).fork(thread)),
        thread_(thread) {
    for (std::size_t i = 0; i < kOwnObjects; ++i) {
      rows_.push_back(std::make_unique<Row>(*mutator_));
    }
  }
  ~Program() {
    sets_.clear();
    while (!rows_.empty()) {
      rows_.pop_back();  // roots end in reverse order
    }
  }

  void run(unsigned steps) {
    for (unsigned step = 0; step < steps; ++step) {
      act();
      mutator_->poll();
      const std::uint64_t dice = random_.below(2000);
      if (dice == 0) {
        mutator_->collect_young();
        check();
      } else if (dice == 1) {
        mutator_->collect_full(CompactEffort::exhaustive);
        check();
      }
    }
    check();
  }

 private:
  struct Row {
    explicit Row(Mutator& mutator) : root(mutator) {}
    Root root;
    std::uint64_t number = 0;
    std::array<std::uint64_t, 2> links{};  ///< numbers of what the object's slots refer to
  };
  struct HeldSet {
    std::unique_ptr<PinSet> set;
    std::vector<ObjectRef> objects;  ///< they stay where they are, as long as the set has them
    std::vector<std::uint64_t> numbers;
  };

  static std::uint64_t number_of(ObjectRef object) {
    return object.slot(object.references()).word();
  }
  Row& any_row() { return *rows_[random_.below(rows_.size())]; }

  void act() {
    const std::uint64_t dice = random_.below(100);
    if (dice < 50) {
      allocate(any_row());
    } else if (dice < 70) {
      link(any_row(), any_row());
    } else if (dice < 80) {
      publish();
    } else if (dice < 92) {
      pin_some();
    } else if (!sets_.empty()) {
      end_set();
    }
  }

  void allocate(Row& row) {
    const std::uint64_t bytes = random_.below(500) == 0
                                    ? world_.runtime.heap().large_threshold() + 100
                                    : 8 + random_.below(300);
    const ObjectRef object = mutator_->allocate({2, bytes});
    world_.failures.expect(!object.load(0) && !object.load(1), "a new object has references");
    row.number = (std::uint64_t{thread_ + 1} << 48U) + ++numbers_;
    row.links = {};
    object.slot(2).word() = row.number;
    row.root.set(object);
  }

  void link(Row& from, Row& to) {
    if (from.number != 0) {
      const std::size_t slot = random_.below(2);
      mutator_->store(from.root.get(), slot, to.root.get());
      from.links[slot] = to.number;
    }
  }

  void publish() {
    world_.runtime.globals().set(world_.shared[random_.below(kShared)], any_row().root.get());
  }

  /// Own objects and those of others, some twice.
  void pin_some() {
    if (sets_.size() > 20) {
      end_set();
    }
    HeldSet held{
        std::make_unique<PinSet>(world_.runtime.pins(), pinning::Liveness::strong), {}, {}};
    for (std::uint64_t i = 1 + random_.below(8); i > 0; --i) {
      const ObjectRef object =
          random_.below(2) == 0
              ? any_row().root.get()
              : world_.runtime.globals().get(world_.shared[random_.below(kShared)]);
      for (std::uint64_t times = 1 + random_.below(2); object && times > 0; --times) {
        held.set->pin(object, 0);
        held.objects.push_back(object);
        held.numbers.push_back(number_of(object));
      }
    }
    sets_.push_back(std::move(held));
  }

  /// Here, one by one or together, or on a thread that is no mutator.
  void end_set() {
    const std::size_t which = random_.below(sets_.size());
    std::swap(sets_[which], sets_.back());
    HeldSet held = std::move(sets_.back());
    sets_.pop_back();
    if (world_.foreign && random_.below(2) == 0) {
      world_.queue.send(std::move(held.set));
    } else if (random_.below(2) == 0) {
      for (const ObjectRef object : held.objects) {
        world_.failures.expect(held.set->unpin(object), "a set does not know its pin");
      }
      world_.failures.expect(held.set->empty(), "a set keeps a pin that was ended");
    }
  }

  void check() {
    for (const std::unique_ptr<Row>& row : rows_) {
      const ObjectRef object = row->root.get();
      world_.failures.expect(static_cast<bool>(object) == (row->number != 0), "a root was lost");
      if (!object) {
        continue;
      }
      world_.failures.expect(number_of(object) == row->number, "a root has another object");
      for (std::size_t i = 0; i < 2; ++i) {
        const ObjectRef target = object.load(i);
        world_.failures.expect((target ? number_of(target) : 0) == row->links[i],
                               "an edge leads to another object");
      }
    }
    for (const HeldSet& held : sets_) {
      for (std::size_t i = 0; i < held.objects.size(); ++i) {
        world_.failures.expect(world_.runtime.pins().is_pinned(held.objects[i]), "a pin was lost");
        world_.failures.expect(number_of(held.objects[i]) == held.numbers[i],
                               "a pinned object is not there");
      }
    }
  }

  World& world_;
  std::unique_ptr<Mutator> mutator_;
  heap::Random random_;
  unsigned thread_;
  std::uint64_t numbers_ = 0;
  std::vector<std::unique_ptr<Row>> rows_;
  std::vector<HeldSet> sets_;
};

/// Pins end on a thread that has no mutator, and that no collection waits for.
void end_sets(World& world) {
  while (std::unique_ptr<PinSet> set = world.queue.receive()) {
    if (set->size() % 3 != 0) {
      set->unpin_all();
      world.failures.expect(set->empty(), "a set keeps pins that were ended");
    }
    set.reset();
  }
}

/// What collections moved of what nobody had pinned.
struct Moved final : PauseObserver {
  std::uint64_t bytes = 0;
  void paused(const PauseReport& report) override {
    bytes += report.copied_bytes + report.moved_bytes;
  }
};

void run_world(const Options& options, unsigned foreign_threads, unsigned steps) {
  Runtime runtime(options);
  Moved moved;
  runtime.add_observer(moved);
  World world{.runtime = runtime, .queue = {}, .failures = {}, .foreign = foreign_threads > 0};
  for (std::uint32_t& shared : world.shared) {
    shared = runtime.globals().add({});
  }
  std::vector<std::thread> mutators;
  std::vector<std::thread> foreign;
  for (unsigned thread = 0; thread < kThreads; ++thread) {
    mutators.emplace_back([&world, thread, steps] {
      world.failures.guard([&] { Program(world, thread).run(steps); });
    });
  }
  for (unsigned thread = 0; thread < foreign_threads; ++thread) {
    foreign.emplace_back([&world] { world.failures.guard([&] { end_sets(world); }); });
  }
  for (std::thread& thread : mutators) {
    thread.join();
  }
  world.queue.close();
  for (std::thread& thread : foreign) {
    thread.join();
  }
  CHECK(world.failures.all() == "");
  const std::unique_ptr<Mutator> mutator = runtime.attach();
  const pinning::PinCounts counts = runtime.pins().counts();
  CHECK(counts.made > 0);
  CHECK(counts.made == counts.ended);
  CHECK(counts.leaked == 0);
  CHECK(runtime.pins().held() == 0);
  CHECK(runtime.pins().overflow_records() == 0);
  CHECK(runtime.collections() > 0);
  CHECK((moved.bytes > 0) == (options.plan != "mark_sweep"));
  runtime.verify(*mutator, VerifyLevel::full);
  for (const std::uint32_t shared : world.shared) {
    runtime.globals().end(shared);
  }
  mutator->collect_full(CompactEffort::exhaustive);
  CHECK(runtime.heap().used_bytes() == 0);
  runtime.verify(*mutator, VerifyLevel::full);
}

TEST_CASE("N12 eight mutators build graphs, and pin and unpin each other's objects") {
  for (const char* plan : {"generational", "semispace", "mark_sweep"}) {
    CAPTURE(plan);
    Options options = small_heap(VerifyLevel::full);
    options.plan = plan;
    run_world(options, 0, 2500);
  }
}

TEST_CASE("threads that are no mutators end pins while collections run") {
  // The verifier sees pins end under its eyes, and must not take that for a fault.
  run_world(small_heap(VerifyLevel::full), 2, 4000);
}

TEST_CASE("collections do not wait for a thread in a safe region, and update its roots") {
  Runtime runtime(small_heap(VerifyLevel::full));
  const std::unique_ptr<Mutator> mutator = runtime.attach();
  const auto make = [](Mutator& self, std::uint64_t word) {
    const ObjectRef object = self.allocate({.references = 0, .bytes = 56});
    object.slot(0).word() = word;
    return object;
  };
  static_cast<void>(make(*mutator, 0));  // so that what comes behind it has somewhere to move
  const Root root(*mutator, make(*mutator, 4711));
  const heap::Address before = root.get().address();
  Failures failures;
  {
    const SafeRegion outside(*mutator);
    std::thread([&] {
      failures.guard([&] {
        const std::unique_ptr<Mutator> other = runtime.attach();
        for (int i = 0; i < 20'000; ++i) {
          static_cast<void>(make(*other, 0));
        }
        other->collect_full(CompactEffort::exhaustive);
      });
    }).join();
  }
  CHECK(failures.all() == "");
  CHECK(runtime.collections() > 1);
  CHECK(root.get().slot(0).word() == 4711);
  CHECK(root.get().address() != before);
}

}  // namespace
}  // namespace pinlab::collector::tests
