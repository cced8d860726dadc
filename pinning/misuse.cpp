#include "pinning/misuse.hpp"

#include "pinning/pin_registry.hpp"

#include <string>

namespace pinlab::pinning {

void misuse(const PinRegistry& registry,
            std::string_view shape,
            std::string_view what,
            SiteId site,
            heap::Address object) {
  std::string where = "null";
  if (registry.heap().contains(object)) {
    where = "heap offset " + std::to_string(object - registry.heap().base());
  } else if (object) {
    where = "outside the heap";
  }
  throw PinError(std::string(shape) + ": " + std::string(what) +
                 " (site: " + registry.sites().name(site) + ", object: " + where + ")");
}

}  // namespace pinlab::pinning
