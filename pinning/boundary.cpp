#include "pinning/boundary.hpp"

#include <unordered_set>
#include <vector>

namespace pinlab::pinning {

std::optional<Unpinned> first_unpinned(PinRegistry& registry,
                                       heap::ObjectRef object,
                                       Passing passing) {
  if (registry.checks_suspended() || !object || !registry.heap().contains(object.address())) {
    return std::nullopt;
  }
  if (passing == Passing::kept && !registry.is_pinned(object)) {
    return Unpinned{.holder = {}, .slot = 0, .object = object};
  }
  // Breadth first, so that the answer is the nearest one; what is in `reached` is pinned, or
  // passed.
  std::vector<heap::ObjectRef> reached = {object};
  std::unordered_set<std::uintptr_t> seen = {object.address().value()};
  for (std::size_t next = 0; next < reached.size(); ++next) {
    const heap::ObjectRef holder = reached[next];
    for (std::size_t slot = 0; slot < holder.references(); ++slot) {
      const heap::ObjectRef target = holder.load(slot);
      if (!registry.heap().contains(target.address()) ||
          !seen.insert(target.address().value()).second) {
        continue;
      }
      if (!registry.is_pinned(target)) {
        return Unpinned{.holder = holder, .slot = slot, .object = target};
      }
      reached.push_back(target);
    }
  }
  return std::nullopt;
}

}  // namespace pinlab::pinning
