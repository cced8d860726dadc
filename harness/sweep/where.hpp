// Conditions on the cells of a sweep: !(pin.share == 0 && pin.lifetime > 64MiB).
//
//   or     = and { "||" and }          and = not { "&&" not }       not = ["!"] ( "(" or ")" | test
//   ) test   = name op value             op  = == != < <= > >=
//
// A value is written as --name takes it, quoted where it has spaces. Numbers compare as numbers; of
// lifetimes, fixed and exp are longer or shorter by their length, and so they equal a plain length;
// forever is longer than any. Everything else has no order.
#pragma once

#include "heap/support/parameter.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace pinlab::harness {

class Where {
 public:
  /// An empty text holds everywhere. Throws UsageError, which names the place.
  explicit Where(std::string_view text);
  Where(Where&&) noexcept;
  Where& operator=(Where&&) noexcept;
  ~Where();

  /// Throws UsageError where a parameter is not the cell's, or values have no order.
  [[nodiscard]] bool holds(const heap::ParameterValues& values) const;

  struct Node;

 private:
  std::unique_ptr<Node> root_;
};

}  // namespace pinlab::harness
