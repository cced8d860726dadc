// The axis of nursery routes: what a young collection does with a block that holds islands.
#pragma once

#include "heap/support/named.hpp"
#include "pinning/pin_registry.hpp"

#include <cstdint>
#include <span>

namespace pinlab::collector {

/// What becomes of a block after a collection.
enum class Fate : std::uint8_t {
  free,           ///< nothing is left in it
  old,            ///< it is old, and nobody allocates in its gaps
  old_with_gaps,  ///< it is old, and its gaps are offered to allocation
  nursery_gaps,   ///< it stays a nursery block, and its gaps are the next nursery's
};

/// Whether a collection may begin now.
enum class Admission : std::uint8_t { now, blocked_by_pins };

/// What a block holds after its collection, in bytes.
struct BlockCensus {
  heap::Block block;
  std::uint64_t live = 0;
  std::uint64_t immovable = 0;  ///< of these: what stayed because it had to
};

class NurseryRoute {
 public:
  NurseryRoute() = default;
  NurseryRoute(const NurseryRoute&) = delete;
  NurseryRoute& operator=(const NurseryRoute&) = delete;
  virtual ~NurseryRoute() = default;

  /// Asked before every collection, young or full.
  [[nodiscard]] virtual Admission admit(const pinning::PinRegistry& pins) const = 0;
  /// Of a nursery block in which something stayed. Before a full collection every such block
  /// becomes old_with_gaps instead, so that one space is left to compact.
  [[nodiscard]] virtual Fate fate(const BlockCensus& census) const = 0;
};

/// The routes, in the order of collector/meson.build.
[[nodiscard]] std::span<const heap::Named<NurseryRoute>> nursery_routes();

}  // namespace pinlab::collector
