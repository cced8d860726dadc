// How much is alive in the blocks up to the end of each part of them, for plans that only count:
// what surely fits as a whole is found by sums, and its lines need no look.
#pragma once

#include "heap/address.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace pinlab::collector {

class LiveParts {
 public:
  /// A block is a whole number of them.
  static constexpr std::size_t kPartBytes = 8 * heap::kLineBytes;

  explicit LiveParts(heap::AddressRange blocks)
      : base_(blocks.base), sums_(blocks.bytes() / kPartBytes) {}

  /// Of a block, in granules and ascending: what is alive from its base to the end of each part.
  [[nodiscard]] std::span<const std::uint32_t> sums(heap::AddressRange block) const {
    return {&sums_[index(block.base)], block.bytes() / kPartBytes};
  }
  [[nodiscard]] std::span<std::uint32_t> sums(heap::AddressRange block) {
    return {&sums_[index(block.base)], block.bytes() / kPartBytes};
  }

 private:
  [[nodiscard]] std::size_t index(heap::Address part) const { return (part - base_) / kPartBytes; }

  heap::Address base_;
  std::vector<std::uint32_t> sums_;
};

}  // namespace pinlab::collector
