// Numbers that look like addresses, as an independent variable: words of ambiguous roots that were
// no references when they were drawn. What they hold, they hold by chance.
//
// Invariant: what is drawn depends on the options, the seed, the size of the heap and the sequence
// of collections; the words are offsets in the heap's blocks, wherever these lie.
#pragma once

#include "heap/support/random.hpp"
#include "collector/pause.hpp"
#include "collector/runtime.hpp"

#include <cstdint>
#include <vector>

namespace pinlab::workloads {

struct AmbiguousOptions {
  std::uint64_t rate = 0;  ///< words for each MiB of heap.max, in billionths
  std::uint64_t life = 1;  ///< collections that a word lasts, on the average
  std::uint64_t seed = 1;
};

/// Made before the first mutator attaches; ends after the last one.
class AmbiguousWords final : public collector::PauseObserver {
 public:
  AmbiguousWords(collector::Runtime& runtime, const AmbiguousOptions& options);

  /// Each word is drawn anew by a chance of one in `life`.
  void paused(const collector::PauseReport& report) override;
  [[nodiscard]] std::size_t count() const { return words_.size(); }

 private:
  [[nodiscard]] std::uintptr_t draw();

  collector::Runtime& runtime_;
  std::uint64_t life_;
  heap::Random random_;
  std::vector<std::uint32_t> words_;
};

}  // namespace pinlab::workloads
