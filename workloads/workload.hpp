// The axis of workloads: what programs do. A workload allocates, links, drops and tells the pin
// pressure which objects were born and dropped; it knows no plan by name and no file of results.
#pragma once

#include "heap/support/parameter.hpp"
#include "heap/support/random.hpp"
#include "collector/runtime.hpp"
#include "workloads/pin_pressure.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace pinlab::workloads {

/// Bytes that the program holds, headers included, as the program itself knows it: of workloads
/// that drop objects explicitly. `peak` 0: the workload does not say.
struct LiveBytes {
  std::uint64_t now = 0;
  std::uint64_t peak = 0;

  void born(std::uint64_t bytes) {
    now += bytes;
    peak = now > peak ? now : peak;
  }
  void dropped(std::uint64_t bytes) { now -= bytes; }
};

/// What an adversary was allowed and what it reached, in granules; results/README.md.
struct AdversaryFigures {
  std::uint64_t m = 0;  ///< the most that lives at a time
  std::uint64_t n = 0;  ///< the largest object
  std::optional<std::uint64_t> q =
      {};                  ///< the factor from one size to the next, where there is one
  std::uint64_t pins = 0;  ///< the most objects that the adversary itself held pinned
  std::uint64_t top = 0;   ///< the highest end of any object, from the heap's base
  std::optional<std::uint64_t> bound =
      {};  ///< what it forces, proven; none where nothing is proven
};

/// What a workload runs in. `mutator` is the calling thread's; a workload with more threads gives
/// each of the others one of its own.
struct WorkloadContext {
  collector::Runtime& runtime;
  collector::Mutator& mutator;
  PinPressure& pins;
  heap::Random random;  ///< the workload's own stream, from `seed`
  LiveBytes live = {};
  std::optional<AdversaryFigures> adversary = {};  ///< of workloads that are one

  /// Keeps the object, and all that it refers to, when the program has ended: what digests of the
  /// final heap are taken from.
  void leave(heap::ObjectRef object) const { static_cast<void>(runtime.globals().add(object)); }
};

class Workload {
 public:
  Workload() = default;
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;
  virtual ~Workload() = default;

  /// Runs the program to its end. Throws HeapExhausted and the other outcomes of
  /// collector/runtime.hpp.
  virtual void run(WorkloadContext& context) = 0;
};

/// What heap a workload is meant for: the defaults of heap.max, heap.block, nursery.size,
/// gap.reuse and gap.min, which a user may change.
enum class HeapDefaults : std::uint8_t {
  general,
  one_block,  ///< 64 MiB in one block, no nursery, address-ordered first fit to the granule
  one_block_best_fit,  ///< the same with best fit
};

/// One member of the axis. `make` reads its parameters, opens and checks its input files:
/// everything that can be wrong with them is found before a heap exists (ParameterError,
/// TraceError).
struct WorkloadEntry {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  std::span<const heap::Parameter> parameters;  ///< names begin with "workload."
  std::unique_ptr<Workload> (*make)(const heap::ParameterValues& values);
  HeapDefaults heap = HeapDefaults::general;
  std::uint32_t most_threads = 1;  ///< that mutator.threads may ask for
};

/// The workloads, in the order of workloads/meson.build, then those that were added.
[[nodiscard]] std::span<const WorkloadEntry> workloads();
/// One more, of a program that links the library: at its start, on one thread. REQUIRES that nobody
/// has asked for the workloads yet, and a name of its own.
void add_workload(const WorkloadEntry& entry);

}  // namespace pinlab::workloads
