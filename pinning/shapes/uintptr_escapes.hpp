// An integer in the argument list of a call whose object is held for the call.
//
// Shape A3 of the list in results/README.md, Go's //go:uintptrescapes pragma; ianlancetaylor calls
// the automatic unpin its big advantage. Source: golang/go issue 46787; cmd/compile directives.
#pragma once

#include "heap/object.hpp"
#include "pinning/pin_stack.hpp"

#include <cstdint>

namespace pinlab::pinning {

/// Lifetime: that of a temporary in an argument list, which is the full expression: the call.
///
///   write(fd, UintptrArgument(stack, buffer), size);
///
/// Misuse: only a temporary converts to a number, so one that is named does not compile as an
/// argument. What foreign code keeps after the call is exposed, and nothing tells. Null is legal,
/// ignored and counted. A leak is a call that never returns.
class UintptrArgument {
 public:
  UintptrArgument(PinStack& stack, heap::ObjectRef object, SiteId site = 0)
      : frame_(stack, "uintptr_escapes"), value_(object.address().value()) {
    frame_.pin(object, site);
  }
  UintptrArgument(const UintptrArgument&) = delete;
  UintptrArgument& operator=(const UintptrArgument&) = delete;
  ~UintptrArgument() = default;
  static void* operator new(std::size_t) = delete;
  static void* operator new[](std::size_t) = delete;

  operator std::uintptr_t() && { return value_; }  // NOLINT: implicit, as the conversion in Go is

 private:
  PinFrame frame_;
  std::uintptr_t value_;
};

}  // namespace pinlab::pinning
