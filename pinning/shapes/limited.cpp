#include "pinning/shapes/limited.hpp"

#include "pinning/shapes/adapters.hpp"

#include <string>

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "limited",
    .number = "A17",
    .lifetime = "from pin() until unpin(), which ends every pin of the set; needs pin.limit",
    .alive = "the pin, through its set",
    .misuse =
        "a pin beyond N + M x calls in progress ends the program, or what pin.limit_answer says; "
        "else as pinner",
    .uses = kAllUses,
    .holds_still = true,
    .is_set = true};

/// In a workload the limit is pin.limit, which every shape obeys; this one cannot do without.
class LimitedShape final : public TableShape<LimitedPinner> {
 public:
  using TableShape::TableShape;

 protected:
  void begin(std::size_t place, heap::ObjectRef object, SiteId site) override {
    if (!at(place)) {
      at(place).emplace(registry(), no_limit_);
    }
    at(place)->pin(object, site);
  }
  void extend(std::size_t place, heap::ObjectRef object, SiteId site) override {
    at(place)->pin(object, site);
  }
  void end(std::size_t place) override { at(place)->unpin(); }

 private:
  PinLimit no_limit_{0, 0};
};

}  // namespace

void LimitedPinner::pin(heap::ObjectRef object, SiteId site) {
  const bool needs_room = !pins_.is_moved() && pins_.registry().heap().contains(object.address());
  if (!needs_room) {
    pins_.pin(object, site);  // which refuses it, or counts that it needs no pin
    return;
  }
  if (!limit_->take()) {
    throw PinLimitReached("limited: a pin beyond the limit: " + std::to_string(limit_->held()) +
                          " are held, in " + std::to_string(limit_->calls()) + " calls " +
                          where_of(pins_.registry(), site, object.address()));
  }
  try {
    pins_.pin(object, site);
  } catch (...) {
    limit_->give_back();
    throw;
  }
  ++taken_;
}

void LimitedPinner::unpin() {
  pins_.unpin();
  limit_->give_back(std::exchange(taken_, 0));
}

heap::Named<PinShape> pin_shape_limited() {
  return {
      .name = "limited",
      .summary = "A17: a pinner under a limit of N pins, and M more for each call in progress",
      .source = "golang/go#46787: N + M x ongoing calls (cherrymui)",
      .make = []() -> std::unique_ptr<PinShape> { return std::make_unique<LimitedShape>(kFacts); }};
}

}  // namespace pinlab::pinning
