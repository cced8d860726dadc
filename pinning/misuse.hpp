// What a program is told that uses a pin shape against its rules.
#pragma once

#include "heap/address.hpp"
#include "pinning/pin_site.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace pinlab::pinning {

class PinRegistry;

/// A misuse of a pin shape: names the shape, the site and the object. Nothing was changed.
struct PinError : std::logic_error {
  using std::logic_error::logic_error;
};

/// "(site: name, object: heap offset n)", as every error of a shape ends.
[[nodiscard]] std::string where_of(const PinRegistry& registry, SiteId site, heap::Address object);

/// Throws a PinError: "shape: what (site: name, object: heap offset n)".
[[noreturn]] void misuse(const PinRegistry& registry,
                         std::string_view shape,
                         std::string_view what,
                         SiteId site,
                         heap::Address object);

}  // namespace pinlab::pinning
