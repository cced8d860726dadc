#include "pinning/boundary.hpp"

#include <string>
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

void check_store(PinRegistry& registry, heap::ObjectRef object, Passing passing, SiteId site) {
  const std::optional<Unpinned> found = first_unpinned(registry, object, passing);
  if (!found) {
    return;
  }
  const std::string bytes = std::to_string(found->object.bytes());
  const std::string where =
      " (at heap offset " + std::to_string(found->object.address() - registry.heap().base()) + ")";
  throw StoreRefused(
      registry.sites().name(site) +
      (found->holder
           ? " gave foreign code an object that leads to an unpinned one of " + bytes +
                 " bytes, through reference " + std::to_string(found->slot) + " of one of " +
                 std::to_string(found->holder.bytes()) + " bytes"
           : " stored the address of an unpinned object of " + bytes + " bytes in foreign memory") +
      where);
}

}  // namespace pinlab::pinning
