// Where a cursor's memory comes from: the blocks of one owner, and the gaps in them.
//
// Not thread-safe, as the heap.
#pragma once

#include "heap/heap.hpp"

#include <array>
#include <vector>

namespace pinlab::heap {

/// What was asked of a space's gaps, and what became of their bytes.
struct GapUse {
  /// Requests that found no room in what was open, by floor(log2(bytes)).
  std::array<std::uint64_t, 32> requests{};
  std::uint64_t request_bytes = 0;
  std::uint64_t reused = 0;  ///< bytes of gaps that went to objects
  std::uint64_t burned =
      0;  ///< bytes of gaps that the policy gave up until the next full collection
};

class Space {
 public:
  /// `gaps` may be null: then only whole blocks are given.
  Space(Heap& heap, std::uint8_t owner, GapReuse* gaps);
  Space(const Space&) = delete;
  Space& operator=(const Space&) = delete;
  ~Space();

  /// At least `need` bytes, and more if at hand, up to about `preferred`; empty where there is
  /// none. Gaps come before free blocks. The memory is the caller's alone, and holds
  /// whatever was there.
  [[nodiscard]] AddressRange take(std::size_t need, std::size_t preferred);
  /// The same, but no free block is taken for it.
  [[nodiscard]] AddressRange take_gap(std::size_t need, std::size_t preferred);
  /// The unused end of a range that was taken: becomes a filler, and is offered again if the policy
  /// does.
  void give_back(AddressRange tail);
  /// Gives back what is open. Before any collection.
  void close();
  /// Makes what is open walkable, and keeps it open. After any collection.
  void format() { heap_.format_gap(open_.rest()); }
  /// Since the last call. From here on what was a fresh block counts as gaps too: its tails are.
  [[nodiscard]] GapUse take_use();

 private:
  void open(AddressRange range);
  [[nodiscard]] bool open_gap(std::size_t need);
  [[nodiscard]] bool is_gap(AddressRange range) const {
    return !fresh_[index_of(heap_.block_of(range.base))];
  }
  [[nodiscard]] AddressRange cut(std::size_t need, std::size_t preferred);

  Heap& heap_;
  std::uint8_t owner_;
  GapReuse* gaps_;
  BumpCursor open_;  ///< of which nothing is used
  GapUse use_;
  std::vector<bool> fresh_;  ///< blocks taken since the last take_use(): no gaps
};

}  // namespace pinlab::heap
