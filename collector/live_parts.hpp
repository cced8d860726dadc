// How much is alive in each part of the blocks, for plans that only count: where a part fits as a
// whole, its lines need no look.
#pragma once

#include "heap/address.hpp"

#include <cstdint>
#include <vector>

namespace pinlab::collector {

class LiveParts {
 public:
  /// A block is a whole number of them.
  static constexpr std::size_t kPartBytes = 8 * heap::kLineBytes;

  explicit LiveParts(heap::AddressRange blocks)
      : base_(blocks.base), granules_(blocks.bytes() / kPartBytes) {}

  void set(heap::Address part, std::uint64_t bytes) {
    granules_[(part - base_) / kPartBytes] = static_cast<std::uint16_t>(bytes / heap::kGranuleBytes);
  }
  [[nodiscard]] std::size_t live_bytes(heap::Address part) const {
    return granules_[(part - base_) / kPartBytes] * heap::kGranuleBytes;
  }
  /// REQUIRES whole parts.
  [[nodiscard]] std::size_t live_bytes(heap::AddressRange parts) const {
    const std::uint16_t* part = &granules_[(parts.base - base_) / kPartBytes];
    std::size_t granules = 0;
    for (std::size_t i = 0; i < parts.bytes() / kPartBytes; ++i) {
      granules += part[i];
    }
    return granules * heap::kGranuleBytes;
  }

 private:
  heap::Address base_;
  std::vector<std::uint16_t> granules_;
};

}  // namespace pinlab::collector
