// What a pin costs by itself, by the names of Go's own benchmarks (runtime/pinner_test.go), beside
// the atomic operations that a bitmap would need.
#include "heap/heap.hpp"
#include "pinning/shapes/pinner.hpp"

#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

namespace pinlab::pinning {
namespace {

/// A heap with objects of 64 bytes, each in a cache line of its own or 8 to a line, and no
/// collector.
struct World {
  explicit World(std::size_t stride = 64)
      : heap({std::uint64_t{64} << 20U, std::uint64_t{64} << 10U}), pins(heap) {
    const heap::AddressRange block = heap.range_of(*heap.take_block(heap::block_state::kOld));
    heap.prepare(block);
    for (heap::Address a = block.base; a < block.limit; a += stride) {
      a.word() = heap::Header(stride / heap::kGranuleBytes, 0).word();
      heap.marks().set_start(a);
      objects.emplace_back(a);
    }
  }
  heap::Heap heap;
  PinRegistry pins;
  std::vector<heap::ObjectRef> objects;
};

World& shared_world() {
  static World world;  // of a benchmark with several threads: they share one heap
  return world;
}

void atomic_pair(benchmark::State& state) {
  std::atomic<std::uint64_t> word{0};
  for (auto _ : state) {
    benchmark::DoNotOptimize(word.fetch_or(1));
    benchmark::DoNotOptimize(word.fetch_and(~std::uint64_t{1}));
  }
}
BENCHMARK(atomic_pair)->Name("AtomicOrAnd");

void pin_unpin(benchmark::State& state) {
  World world;
  Pinner pinner(world.pins);
  for (auto _ : state) {
    pinner.pin(world.objects[0], 0);
    pinner.unpin();
  }
}
BENCHMARK(pin_unpin)->Name("PinUnpin");

void pin_unpin_double(benchmark::State& state) {
  World world;
  Pinner pinner(world.pins);
  for (auto _ : state) {
    pinner.pin(world.objects[0], 0);
    pinner.pin(world.objects[0], 0);
    pinner.unpin();
  }
}
BENCHMARK(pin_unpin_double)->Name("PinUnpinDouble");

void pin_unpin_tiny(benchmark::State& state) {
  World world(8);
  Pinner pinner(world.pins);
  for (auto _ : state) {
    pinner.pin(world.objects[1], 0);
    pinner.unpin();
  }
}
BENCHMARK(pin_unpin_tiny)->Name("PinUnpinTiny");

void batch(benchmark::State& state) {
  World world;
  Pinner pinner(world.pins);
  const auto times = state.range(0);
  for (auto _ : state) {
    for (std::size_t i = 0; i < 1000; ++i) {
      for (std::int64_t k = 0; k < times; ++k) {
        pinner.pin(world.objects[i], 0);
      }
    }
    pinner.unpin();
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(batch)->Name("PinUnpinBatch")->Arg(1);
BENCHMARK(batch)->Name("PinUnpinBatchDouble")->Arg(2);

/// The second pin where the block holds one pin, or all of them.
void second_pin(benchmark::State& state) {
  World world;
  Pinner first(world.pins);
  first.pin(world.objects[0], 0);
  Pinner others(world.pins);
  for (std::int64_t i = 1; i < state.range(0); ++i) {
    others.pin(world.objects[static_cast<std::size_t>(i)], 0);
    others.pin(world.objects[static_cast<std::size_t>(i)], 0);
  }
  Pinner second(world.pins);
  for (auto _ : state) {
    second.pin(world.objects[0], 0);
    second.unpin();
  }
  others.unpin();
  first.unpin();
}
BENCHMARK(second_pin)->Name("SecondPinBesidePins")->Arg(1)->Arg(1000);

void is_pinned(benchmark::State& state) {
  World world;
  Pinner pinner(world.pins);
  pinner.pin(world.objects[0], 0);
  const heap::ObjectRef object = world.objects[static_cast<std::size_t>(state.range(0))];
  for (auto _ : state) {
    benchmark::DoNotOptimize(world.pins.is_pinned(object));
  }
  pinner.unpin();
}
BENCHMARK(is_pinned)->Name("IsPinned")->Arg(0)->Arg(1);

void atomic_load(benchmark::State& state) {
  std::atomic<std::uint64_t> word{0};
  for (auto _ : state) {
    benchmark::DoNotOptimize(word.load());
  }
}
BENCHMARK(atomic_load)->Name("AtomicLoad");

void parallel(benchmark::State& state) {
  World& world = shared_world();
  Pinner pinner(world.pins);
  const heap::ObjectRef object = world.objects[static_cast<std::size_t>(16 * state.thread_index())];
  for (auto _ : state) {
    pinner.pin(object, 0);
    pinner.unpin();
  }
}
BENCHMARK(parallel)->Name("PinUnpinParallel")->Threads(1)->Threads(2)->UseRealTime();

}  // namespace
}  // namespace pinlab::pinning

BENCHMARK_MAIN();
