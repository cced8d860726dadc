#include "pinning/shapes/scoped.hpp"

#include <deque>
#include <optional>
#include <string>

namespace pinlab::pinning {

namespace {

/// Workloads give tickets for scopes: the ticket of a pin is its level, and only the newest can
/// end.
class ScopedShape final : public PinShape {
 public:
  ScopedShape() = default;
  ScopedShape(const ScopedShape&) = delete;
  ScopedShape& operator=(const ScopedShape&) = delete;
  ~ScopedShape() override {
    while (!pins_.empty()) {  // the newest first, which a deque's own destructor does not promise
      pins_.pop_back();
    }
  }

  [[nodiscard]] bool immobile() const override { return true; }
  [[nodiscard]] ShapeLifetime lifetime() const override { return ShapeLifetime::scope; }
  void open(PinRegistry& registry) override { stack_.emplace(registry); }

  [[nodiscard]] std::uint32_t pin(heap::ObjectRef object, SiteId site) override {
    EXPECTS(stack_.has_value());
    pins_.emplace_back(*stack_, object, site);
    return static_cast<std::uint32_t>(pins_.size());
  }

  void unpin(std::uint32_t ticket) override {
    if (ticket != pins_.size()) {
      throw PinError("scoped: pin " + std::to_string(ticket) + " ends before pin " +
                     std::to_string(pins_.size()) + ", which was made later");
    }
    pins_.pop_back();
  }

 private:
  std::optional<PinStack> stack_;
  std::deque<ScopedPin> pins_;
};

}  // namespace

ScopedPin::ScopedPin(PinStack& stack, heap::ObjectRef object, SiteId site)
    : stack_(stack), level_(++stack.depth_) {
  PinRegistry& registry = stack.set_.registry();
  if (!object) {
    registry.count_ignored_null();
  } else if (!registry.heap().contains(object.address())) {
    registry.count_ignored_foreign();
  } else {
    stack.set_.pin(object, site);
    object_ = object;
  }
}

ScopedPin::~ScopedPin() {
  EXPECTS(level_ == stack_.depth_);
  --stack_.depth_;
  if (object_) {
    const bool was_pinned = stack_.set_.unpin(object_);
    EXPECTS(was_pinned);
  }
}

heap::Named<PinShape> pin_shape_scoped() {
  return {.name = "scoped",
          .summary = "A2: pins of a call's arguments, which end with the call, newest first",
          .source = "golang/go#46787: cgo's implicit pins; WithPinner (A9, ansiwen)",
          .make = []() -> std::unique_ptr<PinShape> { return std::make_unique<ScopedShape>(); }};
}

}  // namespace pinlab::pinning
