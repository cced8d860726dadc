// A set of lines, as a bit for each: who looks for the few lines that have something need not pass
// the others.
#pragma once

#include "heap/address.hpp"

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace pinlab::heap {

/// Over words that somebody else has, a bit for each line from `base` on.
class LineSet {
 public:
  static constexpr std::size_t kLinesPerWord = 64;
  static constexpr std::size_t kWordBytes = kLinesPerWord * kLineBytes;  ///< of heap

  [[nodiscard]] static constexpr std::size_t words_for(std::size_t bytes) {
    return (bytes + kWordBytes - 1) / kWordBytes;
  }

  LineSet() = default;
  /// REQUIRES words_for() the range that will be asked for, all zero.
  LineSet(std::uint64_t* words, Address base) : words_(words), base_(base) {}

  [[nodiscard]] bool has(Address a) const {
    return (std::atomic_ref(word(a)).load(std::memory_order_relaxed) & bit(a)) != 0;
  }
  void add(Address a) const { word(a) |= bit(a); }
  /// From any thread, beside others that add.
  void add_shared(Address a) const {
    if (!has(a)) {
      std::atomic_ref(word(a)).fetch_or(bit(a), std::memory_order_relaxed);
    }
  }
  /// REQUIRES that no other thread adds meanwhile.
  void remove(Address a) const { word(a) &= ~bit(a); }
  /// Beside others that add or remove lines outside of the range: a word may hold some of these.
  void remove(AddressRange range) const {
    for_each_word(range, [this](std::uint64_t lines, std::uint64_t mine, Address first) {
      if ((lines & mine) != 0) {
        std::atomic_ref(word(first)).fetch_and(~mine, std::memory_order_relaxed);
      }
    });
  }

  [[nodiscard]] std::size_t count(AddressRange range) const {
    std::size_t lines = 0;
    for_each_word(range, [&](std::uint64_t word, std::uint64_t mine, Address) {
      lines += static_cast<std::size_t>(std::popcount(word & mine));
    });
    return lines;
  }
  [[nodiscard]] bool has_any(AddressRange range) const {
    std::uint64_t any = 0;
    for_each_word(range,
                  [&](std::uint64_t word, std::uint64_t mine, Address) { any |= word & mine; });
    return any != 0;
  }

  /// visit(line) for each, ascending. A visit may remove its line.
  template <class Visit>
  void for_each(AddressRange range, Visit&& visit) const {
    for_each_word(range, [&](std::uint64_t word, std::uint64_t mine, Address first) {
      std::uint64_t left = word & mine;
      if (left == ~std::uint64_t{0}) {  // dense: nothing to look for
        for (std::size_t i = 0; i < kLinesPerWord; ++i) {
          visit(first + i * kLineBytes);
        }
        return;
      }
      for (; left != 0; left &= left - 1) {
        visit(first + static_cast<std::size_t>(std::countr_zero(left)) * kLineBytes);
      }
    });
  }
  /// The same of those and of the lines above them; visit(line) says whether something reaches into
  /// the line above, which is visited next then in any case. REQUIRES that nothing reaches out of
  /// the range. That a line above may be visited for nothing keeps the way from waiting for the
  /// answers.
  template <class Visit>
  void for_each_and_above(AddressRange range, Visit&& visit) const {
    std::uint64_t into = 0;  // 1: something reaches into the lowest line of the word
    for_each_word(range, [&](std::uint64_t word, std::uint64_t mine, Address first) {
      const std::uint64_t lines = word & mine;
      std::uint64_t left = (lines | (lines << 1U) | into) & mine;
      into = 0;
      while (left != 0) {
        const auto i = static_cast<unsigned>(std::countr_zero(left));
        left &= left - 1;
        if (visit(first + i * kLineBytes) && (left >> i >> 1U & 1U) == 0) {
          if (i + 1 < kLinesPerWord) {
            left |= std::uint64_t{1} << (i + 1);
          } else {
            into = 1;
          }
        }
      }
    });
  }

 private:
  [[nodiscard]] std::uint64_t& word(Address a) const { return words_[(a - base_) / kWordBytes]; }
  [[nodiscard]] std::uint64_t bit(Address a) const {
    return std::uint64_t{1} << ((a - base_) / kLineBytes % kLinesPerWord);
  }
  /// visit(word, bits of it that lie in the range, address of its lowest line).
  template <class Visit>
  void for_each_word(AddressRange range, Visit&& visit) const {
    const std::size_t first = (range.base - base_) / kLineBytes;
    const std::size_t limit = (range.limit - base_) / kLineBytes;
    for (std::size_t line = first; line < limit;) {
      const std::size_t index = line / kLinesPerWord;
      std::uint64_t mine = ~std::uint64_t{0} << (line % kLinesPerWord);
      const std::size_t next = (index + 1) * kLinesPerWord;
      if (limit < next) {
        mine &= ~std::uint64_t{0} >> (next - limit);
      }
      visit(std::atomic_ref(words_[index]).load(std::memory_order_relaxed), mine,
            base_ + index * kWordBytes);
      line = next;
    }
  }

  std::uint64_t* words_ = nullptr;
  Address base_;
};

}  // namespace pinlab::heap
