// Bits beside the heap: for each granule whether a live object covers it, and whether an object
// starts there. Both words of a line lie together, since whoever reads one mostly reads the other.
//
//   line (512 bytes of heap) -> LineMarks { live: 64 bits, start: 64 bits }
//
// Invariants, between pauses, but for what lies below an open cursor: (1) every object of an old
// block has its start bit, and nothing else in the block has one; (2) the live bits of an old block
// are those of the granules that its objects cover, so that an object ends where the next one starts
// or where live bits end; (3) of a nursery block only the old objects in it have bits.
#pragma once

#include "heap/address.hpp"

#include <bit>
#include <cstdint>
#include <type_traits>

namespace pinlab::heap {

struct LineMarks {
  std::uint64_t live;
  std::uint64_t start;
};
static_assert(sizeof(LineMarks) == 16 && kGranulesPerLine == 64);

/// The bits of a bit word from granule `first` of its line upwards.
[[nodiscard]] constexpr std::uint64_t bits_from(unsigned first) {
  return ~std::uint64_t{0} << first;
}
/// The bits below granule `limit`, 0 to 63.
[[nodiscard]] constexpr std::uint64_t bits_below(unsigned limit) {
  return ~(~std::uint64_t{0} << limit);
}
/// Which granule of its line an address lies in.
[[nodiscard]] constexpr unsigned granule_in_line(Address a) {
  return static_cast<unsigned>(a.value() >> kGranuleShift) & (kGranulesPerLine - 1);
}
[[nodiscard]] constexpr std::uint64_t granule_bit(Address a) {
  return std::uint64_t{1} << granule_in_line(a);
}

/// The table, indexed by address: `biased` + (a >> kLineShift) is the entry of a.
class MarkTable {
 public:
  MarkTable() = default;
  MarkTable(Address table, Address heap_base)
      : biased_(table.value() - (heap_base.value() >> kLineShift) * sizeof(LineMarks)) {}

  [[nodiscard]] LineMarks& line(Address a) const {
    return *Address(biased_ + (a.value() >> kLineShift) * sizeof(LineMarks)).as<LineMarks>();
  }
  [[nodiscard]] bool is_live(Address a) const { return (line(a).live & granule_bit(a)) != 0; }
  [[nodiscard]] bool is_start(Address a) const { return (line(a).start & granule_bit(a)) != 0; }
  void set_start(Address a) const { line(a).start |= granule_bit(a); }

  /// Sets (or clears) the live bits of [range). REQUIRES a range that is not empty.
  void set_live(AddressRange range) const {
    for_each_word(range, [](LineMarks& marks, std::uint64_t bits) { marks.live |= bits; });
  }
  void clear_live(AddressRange range) const {
    for_each_word(range, [](LineMarks& marks, std::uint64_t bits) { marks.live &= ~bits; });
  }
  void clear_start(AddressRange range) const {
    for_each_word(range, [](LineMarks& marks, std::uint64_t bits) { marks.start &= ~bits; });
  }

  /// The end of the object that starts at `start` and is live: where the next object starts or its
  /// live bits end. REQUIRES live bits and a limit that no object crosses.
  [[nodiscard]] Address end_of_live(Address start, Address limit) const;

  /// Calls visit(Address) for each start bit of a live object in [range), ascending. Lines are read
  /// as they come, so that visit may change lines already passed.
  template <class Visit>
  void for_each_live_start(AddressRange range, Visit&& visit) const {
    for_each_word(range, [&](LineMarks& marks, std::uint64_t bits, Address line_base) {
      for (std::uint64_t starts = marks.live & marks.start & bits; starts != 0;
           starts &= starts - 1) {
        visit(line_base + kGranuleBytes * static_cast<std::size_t>(std::countr_zero(starts)));
      }
    });
  }

  template <class Visit>
  void for_each_start(AddressRange range, Visit&& visit) const {
    for_each_word(range, [&](LineMarks& marks, std::uint64_t bits, Address line_base) {
      for (std::uint64_t starts = marks.start & bits; starts != 0; starts &= starts - 1) {
        visit(line_base + kGranuleBytes * static_cast<std::size_t>(std::countr_zero(starts)));
      }
    });
  }

  /// Calls visit(AddressRange) for each maximal stretch of [range) without live bits that has at
  /// least `least` bytes, ascending. `least` of a line or more is fast: full lines are skipped.
  template <class Visit>
  void for_each_gap(AddressRange range, std::size_t least, Visit&& visit) const;

  /// Bytes under live bits in [range). REQUIRES whole lines.
  [[nodiscard]] std::uint64_t live_bytes(AddressRange range) const;

  /// The highest start bit in [floor, a], or null.
  [[nodiscard]] Address start_at_or_before(Address a, Address floor) const;

 private:
  template <class Visit>
  void for_each_word(AddressRange range, Visit&& visit) const {
    for (Address base = range.base.align_down(kLineBytes); base < range.limit; base += kLineBytes) {
      std::uint64_t bits = ~std::uint64_t{0};
      if (base < range.base) {
        bits &= bits_from(granule_in_line(range.base));
      }
      if (range.limit - base < kLineBytes) {
        bits &= bits_below(granule_in_line(range.limit));
      }
      if constexpr (std::is_invocable_v<Visit, LineMarks&, std::uint64_t, Address>) {
        visit(line(base), bits, base);
      } else {
        visit(line(base), bits);
      }
    }
  }

  std::uintptr_t biased_ = 0;
};

template <class Visit>
void MarkTable::for_each_gap(AddressRange range, std::size_t least, Visit&& visit) const {
  Address gap = range.base;  // where the stretch that is open begins
  const auto close = [&](Address end) {
    if (end - gap >= least && gap < end) {
      visit(AddressRange{gap, end});
    }
  };
  for_each_word(range, [&](LineMarks& marks, std::uint64_t bits, Address base) {
    std::uint64_t live = marks.live & bits;
    if (live == 0) {
      return;
    }
    if (~live == 0) {
      close(base);
      gap = base + kLineBytes;
      return;
    }
    const auto first = static_cast<unsigned>(std::countr_zero(live));
    close(base + kGranuleBytes * first);
    const auto last = static_cast<unsigned>(63 - std::countl_zero(live));
    if (least < kLineBytes) {
      // Stretches inside the line: zeros between its first and its last live granule.
      std::uint64_t zeros = ~live & bits_from(first) & bits_below(last);
      while (zeros != 0) {
        const auto from = static_cast<unsigned>(std::countr_zero(zeros));
        const auto to = static_cast<unsigned>(std::countr_zero(live & bits_from(from)));
        gap = base + kGranuleBytes * from;
        close(base + kGranuleBytes * to);
        zeros &= bits_from(to);
      }
    }
    gap = base + kGranuleBytes * (last + 1);
  });
  close(range.limit);
}

}  // namespace pinlab::heap
