#include "heap/gap_reuse.hpp"

#include <array>

namespace pinlab::heap {

#define PINLAB_NAMED(name) Named<GapReuse> gap_reuse_##name();
#include "gap_reuses.inc"
#undef PINLAB_NAMED

std::span<const Named<GapReuse>> gap_reuses() {
#define PINLAB_NAMED(name) gap_reuse_##name(),
  static const auto entries = std::to_array<Named<GapReuse>>({
#include "gap_reuses.inc"
  });
#undef PINLAB_NAMED
  return entries;
}

}  // namespace pinlab::heap
