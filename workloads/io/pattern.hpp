// What buffers are filled with, so that every byte that comes back can be told from every other:
// word i of a buffer is a hash of the buffer's key and i.
#pragma once

#include "heap/support/random.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace pinlab::workloads {

/// Calls visit(offset, pointer to the pattern's bytes, how many) for each word, the last cut short.
template <class Visit>
void for_each_word(std::uint64_t key, std::size_t bytes, Visit&& visit) {
  heap::Random words(key);
  for (std::size_t at = 0; at < bytes; at += sizeof(std::uint64_t)) {
    const std::uint64_t word = words.next();
    visit(at, &word, bytes - at < sizeof word ? bytes - at : sizeof word);
  }
}

inline void fill_pattern(std::span<std::byte> bytes, std::uint64_t key) {
  for_each_word(key, bytes.size(), [&](std::size_t at, const std::uint64_t* word, std::size_t n) {
    std::memcpy(bytes.data() + at, word, n);
  });
}

/// Where the first word begins that is not the pattern's; nothing where all are.
[[nodiscard]] inline std::optional<std::size_t> first_difference(std::span<const std::byte> bytes,
                                                                 std::uint64_t key) {
  std::optional<std::size_t> first;
  for_each_word(key, bytes.size(), [&](std::size_t at, const std::uint64_t* word, std::size_t n) {
    if (!first && std::memcmp(bytes.data() + at, word, n) != 0) {
      first = at;
    }
  });
  return first;
}

}  // namespace pinlab::workloads
