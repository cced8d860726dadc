// From marks of where objects start to marks of all that they cover, by bits alone: the headers of
// the objects need not be read, so that marking a leaf touches nothing of the heap itself.
//
//   before marking, unmark():   live bits where objects go on, none where they start
//   while marking:              the live bit of a start is the object's mark
//   after it, extend:           all live bits of what was marked, and no others
#pragma once

#include "heap/marks.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace pinlab::heap {

/// Takes the mark from every object in the line, and leaves the bits that say how far each reaches.
inline void unmark(LineMarks& line) {
  line.live &= ~line.start;
}

/// Whether `bits` has `length` ones side by side. REQUIRES a length of at least 1.
[[nodiscard]] constexpr bool has_run(std::uint64_t bits, std::size_t length) {
  if (length > kGranulesPerLine) {
    return false;
  }
  while (length > 1) {
    const std::size_t half = length / 2;
    bits &= bits >> half;
    length -= half;
  }
  return bits != 0;
}

/// Of the runs of ones in `bits`, those whose lowest bit is in `lowest`: a one that is added there
/// ripples through the run, and through no other. REQUIRES of `lowest` that no bit of it lies
/// higher in a run; those outside of runs do not count.
[[nodiscard]] constexpr std::uint64_t runs_from(std::uint64_t bits, std::uint64_t lowest) {
  return bits & ~(bits + (lowest & bits));
}

/// The granules of a line that belong to the objects which start at `starts`, and to the one that
/// reaches into the line, if one does. `rests`: where objects go on.
[[nodiscard]] constexpr std::uint64_t objects_from(std::uint64_t starts,
                                                   std::uint64_t rests,
                                                   bool reaches_in) {
  return starts | runs_from(rests, (starts << 1U) | (reaches_in ? 1U : 0U));
}

/// Where the runs of ones in `bits` begin; not at the lowest bit, where `below` is 1: that run
/// began in the line below.
[[nodiscard]] constexpr std::uint64_t run_starts(std::uint64_t bits, std::uint64_t below) {
  return bits & ~((bits << 1U) | below);
}

class MarkExtension {
 public:
  explicit MarkExtension(MarkTable marks) : marks_(marks) {}

  /// visit(line, starts, rest) for each line of the block: the granules where marked objects start,
  /// and where they go on. REQUIRES a block whose lines were unmarked.
  template <class Visit>
  void extend(AddressRange block, Visit&& visit) {
    // Granules that a marked object which reaches into the line has below it, 0: none does.
    std::size_t before = 0;
    // Not in the fields: bits are written beside them.
    std::uint64_t granules = 0;
    std::size_t largest = largest_;
    for (Address line = block.base; line < block.limit; line += kLineBytes) {
      LineMarks& marks = marks_.line(line);
      const std::uint64_t starts = marks.live & marks.start;
      const std::uint64_t rests = marks.live & ~marks.start;
      // An object is its start and a run of ones above it.
      const std::uint64_t rest = runs_from(rests, (starts << 1U) | (before > 0 ? 1U : 0U));
      marks.live = starts | rest;
      granules += static_cast<std::uint64_t>(std::popcount(marks.live));
      visit(line, starts, rest);
      if (before > 0) {
        const auto more = static_cast<std::size_t>(std::countr_one(rest));
        before += more;
        if (more == kGranulesPerLine) {
          continue;
        }
        largest = std::max(largest, before);
        before = 0;
      }
      if (starts != 0) {
        if (has_run(rest, largest)) {
          largest = measure(largest, starts, rest);
        }
        if ((marks.live >> (kGranulesPerLine - 1)) != 0) {
          before = static_cast<std::size_t>(std::countl_zero(starts)) + 1;
        }
      }
    }
    granules_ += granules;
    largest_ = std::max(largest, before);
  }

  /// Bytes under the bits of all blocks so far.
  [[nodiscard]] std::uint64_t bytes() const { return granules_ << kGranuleShift; }
  /// Bytes of the largest object in them.
  [[nodiscard]] std::size_t largest() const { return largest_ << kGranuleShift; }

 private:
  /// The larger of `largest` and of the objects that start in one line, as far as they lie in it.
  [[nodiscard]] static std::size_t measure(std::size_t largest,
                                           std::uint64_t starts,
                                           std::uint64_t rest) {
    for (; starts != 0; starts &= starts - 1) {
      const auto first = static_cast<unsigned>(std::countr_zero(starts));
      const std::uint64_t above = first + 1 < kGranulesPerLine ? rest >> (first + 1) : 0;
      largest = std::max(largest, static_cast<std::size_t>(std::countr_one(above)) + 1);
    }
    return largest;
  }

  MarkTable marks_;
  std::uint64_t granules_ = 0;
  std::size_t largest_ = 1;  ///< granules; less than a header there is not
};

}  // namespace pinlab::heap
