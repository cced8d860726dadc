// What one allocation, one barrier, one evacuated object and one compacted object cost.
//
// Notes: what `objdump -d -C --no-show-raw-insn` shows of this program, g++ 12.2 at -O2 on x86-64,
// loop counters left out. An object of 24 bytes (rdi: the mutator; r12: the header, a constant) is
// eleven instructions, two of which zero it and one of which fetches ahead, a barrier (rdx: the
// slot; rdi: the value; rsi: the mutator) three beside its store. First references that are given to allocate() take the place of
// the zeros, and need no barrier.
//
//   allocate                            store
//     mov  0x8(%rdi),%rax   cursor        mov  %rdi,(%rdx)          the store
//     mov  0x10(%rdi),%rdx  limit         mov  0x18(%rsi),%rsi      cards
//     sub  %rax,%rdx                      shr  $0x9,%rdx
//     cmp  $0x17,%rdx                     movb $0x1,(%rsi,%rdx,1)
//     ja   fast             else call allocate_slow
//     lea  0x18(%rax),%rdx
//     prefetcht0 0x200(%rax)
//     mov  %rdx,0x8(%rdi)
//     pxor %xmm1,%xmm1
//     mov  %r12,(%rax)                    header
//     movups %xmm1,0x8(%rax)              two null references
#include "collector/runtime.hpp"

#include <benchmark/benchmark.h>

#include <memory>

namespace pinlab::collector {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

Options heap_of(std::uint64_t mebibytes, std::uint64_t nursery_mebibytes) {
  Options options;
  options.heap_max = mebibytes * kMiB;
  options.nursery_size = nursery_mebibytes * kMiB;
  options.measure_census = false;
  options.measure_hostage = false;
  return options;
}

void allocation(benchmark::State& state) {
  Runtime runtime(heap_of(64, 4));
  const auto mutator = runtime.attach();
  const heap::Shape shape{2, 0};
  for (auto _ : state) {
    benchmark::DoNotOptimize(mutator->allocate(shape));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(shape.object_bytes()));
}
BENCHMARK(allocation)->Name("Allocate24");

void buffers(benchmark::State& state) {
  Runtime runtime(heap_of(64, 4));
  const auto mutator = runtime.attach();
  const heap::Shape shape{0, static_cast<std::uint64_t>(state.range(0))};
  for (auto _ : state) {
    benchmark::DoNotOptimize(mutator->allocate(shape));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(shape.object_bytes()));
}
BENCHMARK(buffers)->Name("AllocateBuffer")->Arg(64)->Arg(1024)->Arg(16384);

void barrier(benchmark::State& state) {
  Runtime runtime(heap_of(64, 4));
  const auto mutator = runtime.attach();
  const Root holder(*mutator, mutator->allocate({64, 0}));
  const Root value(*mutator, mutator->allocate({0, 8}));
  const heap::ObjectRef object = holder.get();
  std::size_t slot = 0;
  for (auto _ : state) {
    mutator->store(object, slot, value.get());
    slot = (slot + 1) % 64;
    benchmark::ClobberMemory();
  }
}
BENCHMARK(barrier)->Name("Barrier");

/// A table of `count` buffers, all live: each young collection copies all that were replaced.
void evacuation(benchmark::State& state) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  const std::uint64_t bytes = static_cast<std::uint64_t>(state.range(1));
  Options options = heap_of(1024, 512);
  options.nursery_survivals = 0;
  Runtime runtime(options);
  const auto mutator = runtime.attach();
  for (auto _ : state) {
    state.PauseTiming();
    {
      const Root table(*mutator, mutator->allocate({static_cast<std::uint32_t>(count), 0}));
      for (std::uint64_t i = 0; i < count; ++i) {
        const heap::ObjectRef buffer = mutator->allocate({0, bytes});
        mutator->store(table.get(), i, buffer);
      }
      state.ResumeTiming();
      mutator->collect_young();
      state.PauseTiming();
    }
    mutator->collect_full();
    state.ResumeTiming();
  }
  const auto objects = state.iterations() * static_cast<std::int64_t>(count);
  state.SetItemsProcessed(objects);
  state.SetBytesProcessed(objects * static_cast<std::int64_t>(bytes + heap::kGranuleBytes));
}
BENCHMARK(evacuation)
    ->Name("EvacuatePerObject")
    ->Args({100000, 16})
    ->Args({100000, 504})
    ->Unit(benchmark::kMillisecond);

/// Every second of `count` old buffers is dropped, then everything is slid together.
void compaction(benchmark::State& state) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  const std::uint64_t bytes = static_cast<std::uint64_t>(state.range(1));
  Options options = heap_of(1024, 0);
  options.compact_effort = CompactEffort::exhaustive;
  Runtime runtime(options);
  const auto mutator = runtime.attach();
  for (auto _ : state) {
    state.PauseTiming();
    {
      const Root table(*mutator, mutator->allocate({static_cast<std::uint32_t>(count), 0}));
      for (std::uint64_t i = 0; i < 2 * count; ++i) {
        const heap::ObjectRef buffer = mutator->allocate({0, bytes});
        mutator->store(table.get(), i / 2, buffer);
      }
      state.ResumeTiming();
      mutator->collect_full();
      state.PauseTiming();
    }
    mutator->collect_full();
    state.ResumeTiming();
  }
  const auto objects = state.iterations() * static_cast<std::int64_t>(count);
  state.SetItemsProcessed(objects);
  state.SetBytesProcessed(objects * static_cast<std::int64_t>(bytes + heap::kGranuleBytes));
}
BENCHMARK(compaction)
    ->Name("CompactPerObject")
    ->Args({100000, 16})
    ->Args({100000, 504})
    ->Unit(benchmark::kMillisecond);

/// A young collection beside `count` old pins: it must not see them.
void young_beside_old_pins(benchmark::State& state) {
  Runtime runtime(heap_of(1024, 16));
  const auto mutator = runtime.attach();
  pinning::PinSet pins(runtime.pins(), pinning::Liveness::strong);
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    pins.pin(mutator->allocate({0, 56}), 0);
  }
  mutator->collect_full();
  for (auto _ : state) {
    mutator->collect_young();
  }
}
BENCHMARK(young_beside_old_pins)->Name("YoungBesideOldPins")->Arg(0)->Arg(1000)->Arg(100000);

/// A full collection of 64 MiB of live 504-byte buffers of which every k-th is pinned.
void full_with_pins(benchmark::State& state) {
  constexpr std::uint64_t kCount = 131072;
  Options options = heap_of(1024, 0);
  Runtime runtime(options);
  const auto mutator = runtime.attach();
  const Root table(*mutator, mutator->allocate({kCount, 0}));
  pinning::PinSet pins(runtime.pins(), pinning::Liveness::strong);
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const heap::ObjectRef buffer = mutator->allocate({0, 504});
    mutator->store(table.get(), i, buffer);
    if (state.range(0) != 0 && i % static_cast<std::uint64_t>(state.range(0)) == 0) {
      pins.pin(buffer, 0);
    }
  }
  for (auto _ : state) {
    mutator->collect_full();
  }
  state.counters["pins"] = static_cast<double>(pins.size());
}
BENCHMARK(full_with_pins)
    ->Name("FullWithEveryKthPinned")
    ->Arg(0)
    ->Arg(1000)
    ->Arg(100)
    ->Arg(10)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pinlab::collector

BENCHMARK_MAIN();
