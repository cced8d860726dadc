#include "pinning/misuse.hpp"

#include "pinning/pin_registry.hpp"

namespace pinlab::pinning {

std::string where_of(const PinRegistry& registry, SiteId site, heap::Address object) {
  std::string where = "null";
  if (registry.heap().contains(object)) {
    where = "heap offset " + std::to_string(object - registry.heap().base());
  } else if (object) {
    where = "outside the heap";
  }
  return "(site: " + registry.sites().name(site) + ", object: " + where + ")";
}

void misuse(const PinRegistry& registry,
            std::string_view shape,
            std::string_view what,
            SiteId site,
            heap::Address object) {
  throw PinError(std::string(shape) + ": " + std::string(what) + " " +
                 where_of(registry, site, object));
}

}  // namespace pinlab::pinning
