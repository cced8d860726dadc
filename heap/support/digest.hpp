// Hashes of 64 bits of figures and memory, equal on every compiler and machine (little-endian
// words). Not cryptographic.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace pinlab::heap {

/// Order-sensitive: the same words in another order give another value.
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

/// The hash of `count` words, word_at(i) being the i-th. They go through four lanes that do not wait
/// for each other, so that memory is what takes the time; the round is that of XXH64, which spreads
/// a word before it meets the state, so that no small change of the next one undoes it. Two rows of
/// one length that differ in one word have different hashes.
template <class WordAt>
[[nodiscard]] constexpr std::uint64_t hash_row(std::size_t count, WordAt&& word_at) {
  constexpr std::uint64_t kFactor = 0x9FB21C651E98DF25U;
  constexpr std::uint64_t kWordFactor = 0xC2B2AE3D27D4EB4FU;
  std::array<std::uint64_t, 4> lanes = {0x13198A2E03707344U, 0xA4093822299F31D0U,
                                        0x082EFA98EC4E6C89U, 0x452821E638D01377U};
  const auto step = [&](std::size_t lane, std::size_t i) {
    lanes[lane] = std::rotl(lanes[lane] + word_at(i) * kWordFactor, 31) * kFactor;
  };
  std::size_t i = 0;
  for (; i + lanes.size() <= count; i += lanes.size()) {
    step(0, i);
    step(1, i + 1);
    step(2, i + 2);
    step(3, i + 3);
  }
  for (; i < count; ++i) {
    step(i % lanes.size(), i);
  }
  const auto join = [](std::uint64_t a, std::uint64_t b) {
    return (std::rotl(a, 23) ^ b) * kFactor;
  };
  std::uint64_t z = join(join(lanes[0], lanes[1]), join(lanes[2], lanes[3]));
  z ^= count * 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 29U)) * 0xBF58476D1CE4E5B9U;
  return z ^ (z >> 32U);
}

}  // namespace pinlab::heap
