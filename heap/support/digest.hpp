// A 64-bit hash of figures and memory, equal on every compiler and machine (little-endian words).
#pragma once

#include <cstdint>

namespace pinlab::heap {

/// Order-sensitive: the same words in another order give another value. Not cryptographic.
class Digest {
 public:
  constexpr void add(std::uint64_t word) {
    state_ = (state_ ^ word) * 0x9FB21C651E98DF25U;
    state_ ^= state_ >> 32U;
    ++words_;
  }

  [[nodiscard]] constexpr std::uint64_t value() const {
    std::uint64_t z = state_ ^ (words_ * 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 29U)) * 0xBF58476D1CE4E5B9U;
    return z ^ (z >> 32U);
  }

 private:
  std::uint64_t state_ = 0x243F6A8885A308D3U;
  std::uint64_t words_ = 0;
};

}  // namespace pinlab::heap
