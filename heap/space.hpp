// Where a cursor's memory comes from: the blocks of one owner, and the gaps in them.
//
// Not thread-safe, as the heap.
#pragma once

#include "heap/heap.hpp"

namespace pinlab::heap {

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

 private:
  void open(AddressRange range);
  [[nodiscard]] bool open_gap(std::size_t need);
  [[nodiscard]] AddressRange cut(std::size_t need, std::size_t preferred);

  Heap& heap_;
  std::uint8_t owner_;
  GapReuse* gaps_;
  BumpCursor open_;  ///< of which nothing is used
};

}  // namespace pinlab::heap
