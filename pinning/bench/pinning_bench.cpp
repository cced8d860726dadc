// What a pin costs by itself, by the names of Go's own benchmarks (runtime/pinner_test.go), beside
// the atomic operations that a bitmap would need.
#include "heap/heap.hpp"
#include "pinning/shape.hpp"
#include "pinning/shapes/pinner.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
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

/// What a pin and an unpin cost a bitmap: the baseline of the same run. Nobody asks for what was
/// there before, so that each is one instruction: whoever asks gets a loop around one.
void atomic_pair(benchmark::State& state) {
  std::atomic<std::uint64_t> word{0};
  for (auto _ : state) {
    word.fetch_or(1);
    word.fetch_and(~std::uint64_t{1});
  }
}
BENCHMARK(atomic_pair)->Name("AtomicOrAnd");

/// The same by several threads, each in a line of its own or all in one.
void atomic_pair_parallel(benchmark::State& state) {
  struct alignas(64) Word {
    std::atomic<std::uint64_t> bits{0};
  };
  static std::array<Word, 64> words;
  const auto thread = static_cast<std::size_t>(state.thread_index());
  std::atomic<std::uint64_t>& word = words[state.range(0) != 0 ? 0 : thread].bits;
  const std::uint64_t bit = std::uint64_t{1} << thread;
  for (auto _ : state) {
    word.fetch_or(bit);
    word.fetch_and(~bit);
  }
}
BENCHMARK(atomic_pair_parallel)
    ->Name("AtomicOrAndParallel")
    ->ArgName("same_line")
    ->Arg(0)
    ->Arg(1)
    ->Threads(1)
    ->Threads(2)
    ->UseRealTime();

/// All in one line, and between the or and the and what a thread does by itself, in a line of its
/// own: as much as there is between a pin and an unpin, so that one thread alone takes as long for
/// both. What two threads take then is what it costs that they meet: operations that follow each
/// other fetch the line once, a pin and an unpin twice.
void atomic_pair_paced(benchmark::State& state) {
  struct alignas(64) Word {
    std::atomic<std::uint64_t> bits{0};
  };
  static Word shared;
  Word mine;
  const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(state.thread_index());
  const auto work = [&] {  // what can be done ahead of time would not fill any
    for (int i = 0; i < 3; ++i) {
      mine.bits.fetch_or(bit);
    }
  };
  for (auto _ : state) {
    shared.bits.fetch_or(bit);
    work();
    shared.bits.fetch_and(~bit);
    work();
  }
}
BENCHMARK(atomic_pair_paced)->Name("AtomicOrAndPaced")->Threads(1)->Threads(2)->UseRealTime();

/// `times` pins of an object of so many bytes, and one unpin.
void pin_unpin(benchmark::State& state, std::size_t bytes, int times) {
  World world(bytes);
  Pinner pinner(world.pins);
  const heap::ObjectRef object = world.objects[1];
  for (auto _ : state) {
    for (int i = 0; i < times; ++i) {
      pinner.pin(object, 0);
    }
    pinner.unpin();
  }
}
BENCHMARK_CAPTURE(pin_unpin, plain, 64, 1)->Name("PinUnpin");
BENCHMARK_CAPTURE(pin_unpin, double, 64, 2)->Name("PinUnpinDouble");
BENCHMARK_CAPTURE(pin_unpin, tiny, 8, 1)->Name("PinUnpinTiny");

void batch(benchmark::State& state, std::size_t bytes, int times) {
  World world(bytes);
  Pinner pinner(world.pins);
  for (auto _ : state) {
    for (std::size_t i = 0; i < 1000; ++i) {
      for (int k = 0; k < times; ++k) {
        pinner.pin(world.objects[i], 0);
      }
    }
    pinner.unpin();
  }
  state.SetItemsProcessed(state.iterations() * 1000 * times);
}
BENCHMARK_CAPTURE(batch, plain, 64, 1)->Name("PinUnpinBatch");
BENCHMARK_CAPTURE(batch, double, 64, 2)->Name("PinUnpinBatchDouble");
BENCHMARK_CAPTURE(batch, tiny, 8, 1)->Name("PinUnpinBatchTiny");

/// Each thread has a pinner and an object of its own; `stride` objects lie between two threads'.
void parallel(benchmark::State& state, World& (*world_of)(), std::size_t stride, int times) {
  World& world = world_of();
  Pinner pinner(world.pins);
  const heap::ObjectRef object =
      world.objects[stride * static_cast<std::size_t>(state.thread_index())];
  for (auto _ : state) {
    for (int i = 0; i < times; ++i) {
      pinner.pin(object, 0);
    }
    pinner.unpin();
  }
}

World& plain_world() {
  static World world;  // of several threads: they share one heap
  return world;
}
World& tiny_world() {
  static World world(8);
  return world;
}
World& small_world() {
  static World world(16);
  return world;
}
BENCHMARK_CAPTURE(parallel, plain, plain_world, 16, 1)
    ->Name("PinUnpinParallel")
    ->Threads(1)
    ->Threads(2)
    ->UseRealTime();
BENCHMARK_CAPTURE(parallel, double, plain_world, 16, 2)
    ->Name("PinUnpinParallelDouble")
    ->Threads(1)
    ->Threads(2)
    ->UseRealTime();
BENCHMARK_CAPTURE(parallel, tiny, tiny_world, 1, 1)  // neighbours in one cache line, and empty
    ->Name("PinUnpinParallelTiny")
    ->Threads(1)
    ->Threads(2)
    ->UseRealTime();
BENCHMARK_CAPTURE(parallel, same_line, small_world, 1, 1)  // neighbours in one cache line
    ->Name("PinUnpinParallelSameLine")
    ->Threads(1)
    ->Threads(2)
    ->UseRealTime();

/// The second pin of an object whose block holds so many pinned objects, two pins each: in Go a
/// list of the block is searched for it.
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

/// Argument 0 is pinned, 1 is not.
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
BENCHMARK(is_pinned)->Name("IsPinned")->ArgName("unpinned")->Arg(0)->Arg(1);

void is_pinned_parallel(benchmark::State& state) {
  const heap::ObjectRef object = plain_world().objects[200];
  for (auto _ : state) {
    benchmark::DoNotOptimize(plain_world().pins.is_pinned(object));
  }
}
BENCHMARK(is_pinned_parallel)->Name("IsPinnedParallel")->Threads(1)->Threads(2)->UseRealTime();

void atomic_load(benchmark::State& state) {
  std::atomic<std::uint64_t> word{0};
  for (auto _ : state) {
    benchmark::DoNotOptimize(word.load());
  }
}
BENCHMARK(atomic_load)->Name("AtomicLoad");

/// One pin and its end through the axis, as workloads make them, by the shapes' names.
void shape(benchmark::State& state, const heap::Named<PinShape>& entry) {
  World world;
  const std::unique_ptr<PinShape> shape = entry.make();
  shape->open(world.pins);
  for (auto _ : state) {
    shape->unpin(shape->pin(world.objects[0], 0));
  }
}

void register_shapes() {
  for (const heap::Named<PinShape>& entry : pin_shapes()) {
    benchmark::RegisterBenchmark(("Shape/" + std::string(entry.name)).c_str(),
                                 [&entry](benchmark::State& state) { shape(state, entry); });
  }
}

}  // namespace

static void run_benchmarks(int argc, char** argv) {
  register_shapes();
  benchmark::Initialize(&argc, argv);
  if (!benchmark::ReportUnrecognizedArguments(argc, argv)) {
    benchmark::RunSpecifiedBenchmarks();
  }
}

}  // namespace pinlab::pinning

int main(int argc, char** argv) {
  pinlab::pinning::run_benchmarks(argc, argv);
}
