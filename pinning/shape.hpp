// The axis of pin shapes: the API that a program pins with, its lifetime rule, and what misuse
// does. A C++ program uses a shape's own type (pinning/shapes/); workloads that take the shape as a
// parameter use it through this.
#pragma once

#include "heap/support/named.hpp"
#include "pinning/pin_registry.hpp"

#include <cstdint>
#include <span>

namespace pinlab::pinning {

/// How long a pin of the shape can last.
enum class ShapeLifetime : std::uint8_t { free, scope, none };

class PinShape {
 public:
  PinShape() = default;
  PinShape(const PinShape&) = delete;
  PinShape& operator=(const PinShape&) = delete;
  virtual ~PinShape() = default;

  /// Whether objects pinned with it stay where they are.
  [[nodiscard]] virtual bool immobile() const = 0;
  [[nodiscard]] virtual ShapeLifetime lifetime() const = 0;
  /// Once, before the first pin.
  virtual void open(PinRegistry& registry) = 0;
  /// A ticket for unpin: 0 is never returned.
  [[nodiscard]] virtual std::uint32_t pin(heap::ObjectRef object, SiteId site) = 0;
  /// REQUIRES a ticket of pin() that was not yet given back. For scope shapes: the newest one.
  virtual void unpin(std::uint32_t ticket) = 0;
};

/// The shapes, in the order of pinning/meson.build.
[[nodiscard]] std::span<const heap::Named<PinShape>> pin_shapes();

}  // namespace pinlab::pinning
