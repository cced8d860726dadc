// A short queue between finding a reference and looking at its object, so that the memory has
// arrived when the look is taken (Cher, Hosking and Vitek, ASPLOS 2004).
#pragma once

#include "heap/address.hpp"

#include <array>
#include <cstddef>

namespace pinlab::collector {

class PrefetchRing {
 public:
  static constexpr std::size_t kDepth = 16;

  /// Puts one in and takes the oldest out, which is null until the ring is full.
  [[nodiscard]] heap::Address exchange(heap::Address in) {
    heap::Address& place = entries_[next_];
    const heap::Address out = place;
    place = in;
    next_ = (next_ + 1) % kDepth;
    held_ += out ? 0U : 1U;
    return out;
  }

  /// The oldest, or null where the ring is empty.
  [[nodiscard]] heap::Address take() {
    while (held_ > 0) {
      heap::Address& place = entries_[next_];
      next_ = (next_ + 1) % kDepth;
      if (place) {
        const heap::Address out = place;
        place = heap::Address();
        --held_;
        return out;
      }
    }
    return {};
  }

 private:
  std::array<heap::Address, kDepth> entries_{};
  std::size_t next_ = 0;
  std::size_t held_ = 0;
};

[[gnu::always_inline]] inline void prefetch(heap::Address a) {
  __builtin_prefetch(a.as<void>(), 1, 3);
}

}  // namespace pinlab::collector
