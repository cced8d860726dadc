// The rest of the program: it allocates objects of sizes as in real programs, keeps some of them in
// place of older ones, and drops the rest. What a use case's own objects survive among.
//
// Invariant: what it does depends on its random stream and on how far it is asked to go alone.
#pragma once

#include "workloads/managed_table.hpp"
#include "workloads/workload.hpp"

#include <cstdint>
#include <vector>

namespace pinlab::workloads {

/// How much of it there is.
inline constexpr heap::Parameter kBackgroundParameter = {
    .name = "workload.live",
    .type = heap::ParameterType::size,
    .default_text = "8MiB",
    .summary = "the program's other objects, of sizes as in DaCapo, which it replaces all the time",
    .most = std::uint64_t{16} << 30U};

class Background {
 public:
  /// Fills its table with `live` bytes, about. Throws HeapExhausted. With `pins` null, nobody is
  /// told of births and drops.
  Background(collector::Mutator& mutator,
             PinPressure* pins,
             heap::Random random,
             std::uint64_t live);

  /// Allocates until the mutator's clock is at `clock`, or a little beyond.
  void allocate_until(std::uint64_t clock);
  /// What keeps its objects.
  [[nodiscard]] heap::ObjectRef directory() const { return table_.directory(); }

 private:
  void allocate();

  collector::Mutator& mutator_;
  PinPressure* pins_;
  heap::Random random_;
  std::uint64_t slots_;
  ManagedTable table_;
  std::vector<PinToken> tokens_;
};

/// Bytes of an object, its header apart: the pooled sizes of twenty programs. Source: DaCapo
/// Chopin, raw histograms, equal weight (Blackburn et al., ASPLOS 2025).
[[nodiscard]] std::uint64_t draw_object_size(heap::Random& random);
inline constexpr std::uint64_t kMostObjectSize = 262'144;

}  // namespace pinlab::workloads
