#include "pinning/shape.hpp"

#include <array>
#include <span>

namespace pinlab::pinning {

#define PINLAB_NAMED(name) heap::Named<PinShape> pin_shape_##name();
#include "pin_shapes.inc"
#undef PINLAB_NAMED

std::span<const heap::Named<PinShape>> pin_shapes() {
#define PINLAB_NAMED(name) pin_shape_##name(),
  static const auto entries = std::to_array<heap::Named<PinShape>>({
#include "pin_shapes.inc"
  });
#undef PINLAB_NAMED
  return entries;
}

}  // namespace pinlab::pinning
