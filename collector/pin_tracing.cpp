#include "collector/pin_tracing.hpp"

#include <algorithm>

namespace pinlab::collector {

using heap::Address;
using heap::Header;
using heap::ObjectRef;
using pinning::PinSet;

std::vector<Address> weakly_pinned(pinning::PinRegistry& pins) {
  std::vector<Address> pinned;
  pins.for_each_young_weak_set([&](PinSet& set) {
    const std::lock_guard lock(set.lock());
    for (const ObjectRef object : set.objects()) {
      if (pins.heap().is_nursery(object.address())) {
        pinned.push_back(object.address());
      }
    }
  });
  std::ranges::sort(pinned);
  std::vector<Address> weak;
  for (auto first = pinned.begin(); first != pinned.end();) {
    const auto limit = std::upper_bound(first, pinned.end(), *first);
    const ObjectRef object(*first);
    const std::uint64_t others =
        object.header().has(Header::kMultiple) ? pins.extra_pins(object) : 0;
    if (static_cast<std::uint64_t>(limit - first) > others) {
      weak.push_back(*first);
    }
    first = limit;
  }
  return weak;
}

}  // namespace pinlab::collector
