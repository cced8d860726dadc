// O1: what may move slides to lower addresses in address order, around the islands. With
// compact.island_least, long runs that would hardly move are islands too.
#include "collector/old_route.hpp"

#include <array>

namespace pinlab::collector {

namespace {

class SlideAround final : public OldRoute {
 public:
  [[nodiscard]] std::span<const std::string_view> variants() const override {
    static constexpr auto kVariants =
        std::to_array<std::string_view>({"compact.fit", "compact.open_gaps", "compact.budget",
                                         "compact.island_least", "compact.island_shift"});
    return kVariants;
  }

  [[nodiscard]] Itinerary decide(const RouteChoice& choice) const override {
    return slide(worthwhile(choice.blocks, choice, budget(choice)), chosen());
  }
};

}  // namespace

heap::Named<OldRoute> old_route_slide_around() {
  return {"slide_around", "survivors slide to lower addresses, around the islands",
          "O1; CoreCLR's plan phase",
          [] { return std::unique_ptr<OldRoute>(std::make_unique<SlideAround>()); }};
}

}  // namespace pinlab::collector
