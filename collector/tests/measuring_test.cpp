// What is measured beside collecting, against the same figures by their definitions: censuses,
// digests, and plans of what would be without pins.
#include "heap/support/digest.hpp"
#include "heap/support/random.hpp"
#include "collector/hostage.hpp"
#include "collector/tests/random_program.hpp"
#include "collector/walk.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace pinlab::collector::tests {
namespace {

using heap::Address;
using heap::Header;
using heap::ObjectRef;
namespace state = heap::block_state;

Options small_heap() {
  Options options;
  options.heap_max = std::uint64_t{4} << 20U;
  options.heap_block = std::uint64_t{16} << 10U;
  options.nursery_size = std::uint64_t{256} << 10U;
  options.gap_min = 256;
  options.verify = VerifyLevel::full;
  return options;
}

class LastFull final : public PauseObserver {
 public:
  void paused(const PauseReport& seen) override {
    if (seen.kind == PauseKind::full) {
      report = seen;
    }
  }
  PauseReport report;
};

/// By the definitions of results/README.md, from a list of the free runs.
Census census_of(const heap::Heap& heap) {
  std::vector<std::uint64_t> runs;
  Census census;
  std::uint64_t room = heap.max_bytes() - heap.used_bytes();
  bool joined = false;
  for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
    const heap::Block block{i};
    const heap::AddressRange range = heap.range_of(block);
    if (heap.state(block) == state::kFree) {
      const std::uint64_t bytes = std::min<std::uint64_t>(room, range.bytes());
      room -= bytes;
      if (bytes > 0 && joined) {
        runs.back() += bytes;
      } else if (bytes > 0) {
        runs.push_back(bytes);
      }
      joined = true;
      continue;
    }
    joined = false;
    Address end = range.base;
    for_each_object(heap, block, [&](ObjectRef object) {
      if (end < object.address()) {
        runs.push_back(object.address() - end);
      }
      end = object.range().limit;
      census.top = end - heap.base();
    });
    if (end < range.limit) {
      runs.push_back(range.limit - end);
    }
  }
  for (const std::uint64_t run : runs) {
    census.free += run;
    ++census.free_runs;
    census.largest_free_run = std::max(census.largest_free_run, run);
    std::size_t power = 0;
    for (std::uint64_t rest = run / 2; rest > 0; rest /= 2) {
      ++power;
    }
    ++census.gap_histogram[power];
    for (std::size_t i = 0; i < kRequestSizes.size(); ++i) {
      census.in_runs_of[i] += run >= kRequestSizes[i] ? run : 0;
      census.packable[i] += run / kRequestSizes[i] * kRequestSizes[i];
    }
  }
  return census;
}

void check_equal(const Census& seen, const Census& expected) {
  CHECK(seen.free == expected.free);
  CHECK(seen.free_runs == expected.free_runs);
  CHECK(seen.largest_free_run == expected.largest_free_run);
  CHECK(seen.in_runs_of == expected.in_runs_of);
  CHECK(seen.packable == expected.packable);
  CHECK(seen.gap_histogram == expected.gap_histogram);
  CHECK(seen.top == expected.top);
}

TEST_CASE("a full collection's census is that of the heap it leaves") {
  for (const std::string_view plan : {"generational", "semispace", "mark_sweep"}) {
    for (const PinPlacement placement : {PinPlacement::anywhere, PinPlacement::migrate}) {
      for (const std::uint64_t block : {std::uint64_t{16} << 10U, std::uint64_t{256} << 10U}) {
        Options options = small_heap();
        options.plan = plan;
        options.heap_block = block;
        if (plan == "generational") {
          options.pin_placement = placement;
        }
        CAPTURE(plan);
        CAPTURE(block);
        RandomProgram program(options, {.seed = block, .steps = 500, .live_target = 900});
        LastFull last;
        program.runtime().add_observer(last);
        for (unsigned round = 0; round < 6; ++round) {
          program.run();
          program.mutator().collect_full();
          REQUIRE(last.report.after.detailed);
          CHECK(last.report.after.used == program.runtime().heap().used_bytes());
          check_equal(last.report.after, census_of(program.runtime().heap()));
          check_equal(program.runtime().census(program.mutator()),
                      census_of(program.runtime().heap()));
        }
      }
    }
  }
}

TEST_CASE("hostage bytes are those of the blocks where the heap differs from the plan") {
  Options options = small_heap();
  for (const std::string_view route : {"slide_around", "evacuate_around", "skip_block"}) {
    options.old_route = route;
    CAPTURE(route);
    bool any = false;
    RandomProgram program(options,
                          {.seed = 5, .steps = 700, .pin_percent = 6, .live_target = 1200});
    LastFull last;
    program.runtime().add_observer(last);
    for (unsigned round = 0; round < 8; ++round) {
      program.run();
      program.mutator().collect_full(CompactEffort::exhaustive);
      std::int64_t sum = 0;
      for (const BlockHostage& block : last.report.hostage_blocks) {
        sum += block.bytes;
        const bool used = program.runtime().heap().state(heap::Block{block.block}) != state::kFree;
        CHECK(used == (block.bytes > 0));
      }
      CHECK(sum == last.report.hostage);
      any = any || sum != 0;
    }
    CHECK(any);
  }
}

TEST_CASE("a plan that skips parts of blocks keeps the same blocks as one that does not") {
  constexpr std::size_t kBlock = std::size_t{16} << 10U;
  constexpr std::uint32_t kBlocks = 40;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    heap::Heap heap(heap::HeapConfig{kBlocks * kBlock, kBlock});
    heap::Random random(seed);
    LiveSet live;
    Itinerary itinerary;
    IslandList islands;
    const std::uint64_t most = 1 + random.below(seed % 3 == 0 ? 900 : 60);
    const std::uint64_t dead_percent = random.below(100);
    for (std::uint32_t i = 0; i < kBlocks; ++i) {
      const heap::AddressRange range = heap.range_of(*heap.take_block(state::kOld));
      itinerary.sources.push_back(heap.block_of(range.base));
      for (Address a = range.base; a < range.limit;) {
        const std::size_t bytes =
            std::min<std::size_t>(range.limit - a, heap::kGranuleBytes * (1 + random.below(most)));
        if (random.below(100) >= dead_percent) {
          a.word() = Header(bytes / heap::kGranuleBytes, 0).word();
          heap.marks().set_start(a);
          heap.marks().set_live({a, a + bytes});
          live.largest = std::max(live.largest, bytes);
          if (seed % 2 == 0 && random.below(200) == 0) {
            islands.push_back({a, a + bytes});
          }
        }
        a += bytes;
      }
    }
    itinerary.destinations = itinerary.sources;
    const OldCensus census = old_census(heap);
    const IslandMap map(heap, islands);
    CAPTURE(seed);
    CHECK(plan_used_blocks(heap, live, itinerary, map, {1, 8}, &census.parts) ==
          plan_used_blocks(heap, live, itinerary, map, {1, 8}));
  }
}

/// The words of the graph in canonical order, hashed as collector/digest.hpp says.
std::uint64_t plain_graph_digest(Runtime& runtime) {
  heap::Digest digest;
  std::map<Address, std::uint64_t> numbers;
  std::vector<ObjectRef> order;
  const auto refer = [&](ObjectRef object) {
    if (!object) {
      digest.add(0);
      return;
    }
    const auto [entry, added] = numbers.try_emplace(object.address(), numbers.size() + 1);
    digest.add(entry->second);
    if (added) {
      std::vector<std::uint64_t> words;
      for (Address a = object.slot(object.references()); a < object.range().limit;
           a += heap::kGranuleBytes) {
        words.push_back(a.word());
      }
      digest.add(object.references());
      digest.add(heap::hash_row(words.size(), [&](std::size_t i) { return words[i]; }));
      order.push_back(object);
    }
  };
  runtime.globals().for_each([&](Address slot) { refer(ObjectRef(Address(slot.word()))); });
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (std::size_t slot = 0; slot < order[i].references(); ++slot) {
      refer(order[i].load(slot));
    }
  }
  return digest.value();
}

TEST_CASE("the digest of the graph is that of a plain walk, whatever holds its objects") {
  for (const std::string_view route :
       {"promote_block", "fragments", "quarantine", "page_promote"}) {
    Options options = small_heap();
    options.nursery_route = route;
    options.nursery_survivals = 2;
    CAPTURE(route);
    RandomProgram program(options, {.seed = 11, .steps = 600, .large_permille = 20});
    for (unsigned round = 0; round < 6; ++round) {
      program.run();
      const Digests digests = program.runtime().digests(program.mutator());
      CHECK(digests.graph == plain_graph_digest(program.runtime()));
      CHECK(digests.graph == program.runtime().graph_digest(program.mutator()));
      CHECK(digests.heap == program.runtime().heap_digest(program.mutator()));
    }
  }
}

TEST_CASE("digests see every byte and every reference") {
  Runtime runtime(small_heap());
  const auto mutator = runtime.attach();
  Root table(*mutator, mutator->allocate({.references = 3, .bytes = 0}));
  Root other(*mutator);
  const std::size_t payload = 200;
  for (std::size_t i = 0; i < 3; ++i) {
    other.set(mutator->allocate({.references = 1, .bytes = payload}));
    std::ranges::fill(other.get().payload(), std::byte{0});
    mutator->store(table.get(), i, other.get());
  }
  other.set(mutator->allocate({.references = 0, .bytes = payload}));  // dead from here on
  const ObjectRef dead = other.get();
  other.set({});
  const Digests before = runtime.digests(*mutator);
  CHECK(runtime.digests(*mutator).heap == before.heap);
  std::set<std::uint64_t> heaps = {before.heap};
  std::set<std::uint64_t> graphs = {before.graph};
  std::size_t changes = 1;
  for (std::size_t i = 0; i < payload; ++i) {
    std::byte& byte = table.get().load(1).payload()[i];
    byte = std::byte{1};
    const Digests now = runtime.digests(*mutator);
    heaps.insert(now.heap);
    graphs.insert(now.graph);
    byte = std::byte{0};
    ++changes;
  }
  CHECK(heaps.size() == changes);
  CHECK(graphs.size() == changes);
  dead.payload()[0] = std::byte{1};
  CHECK(runtime.digests(*mutator).heap != before.heap);
  CHECK(runtime.digests(*mutator).graph == before.graph);
  dead.payload()[0] = std::byte{0};
  // Three objects that are equal but for their places: only who refers to whom differs.
  mutator->store(table.get().load(0), 0, table.get().load(1));
  const Digests to_second = runtime.digests(*mutator);
  mutator->store(table.get().load(0), 0, table.get().load(2));
  const Digests to_third = runtime.digests(*mutator);
  CHECK(to_second.graph != before.graph);
  CHECK(to_second.graph != to_third.graph);
  CHECK(to_second.heap != to_third.heap);
  mutator->collect_full();
  CHECK(runtime.digests(*mutator).graph == to_third.graph);
  CHECK(runtime.digests(*mutator).heap != to_third.heap);
}

TEST_CASE("rows that differ in a word, in its place or in their length have other hashes") {
  std::set<std::uint64_t> seen;
  std::size_t rows = 0;
  const auto add = [&](const std::vector<std::uint64_t>& row) {
    seen.insert(heap::hash_row(row.size(), [&](std::size_t i) { return row[i]; }));
    ++rows;
  };
  for (std::size_t length = 0; length < 40; ++length) {
    std::vector<std::uint64_t> row(length);
    add(row);
    for (std::uint64_t& word : row) {
      for (unsigned bit = 0; bit < 64; ++bit) {
        word = std::uint64_t{1} << bit;
        add(row);
      }
      word = 0;
    }
  }
  CHECK(seen.size() == rows);
}

}  // namespace
}  // namespace pinlab::collector::tests
