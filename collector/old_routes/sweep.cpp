// Nothing moves: what is dead becomes gaps. The baseline that Go is.
#include "collector/old_route.hpp"

namespace pinlab::collector {

namespace {

class Sweep final : public OldRoute {
 public:
  [[nodiscard]] Itinerary decide(const RouteChoice& /*choice*/) const override { return {}; }
};

}  // namespace

heap::Named<OldRoute> old_route_sweep() {
  return {"sweep", "nothing moves; dead objects become gaps", "mark-sweep; Go",
          [] { return std::unique_ptr<OldRoute>(std::make_unique<Sweep>()); }};
}

}  // namespace pinlab::collector
