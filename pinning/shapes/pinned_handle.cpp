#include "pinning/shapes/pinned_handle.hpp"

#include "pinning/shapes/adapters.hpp"

#include <vector>

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "pinned_handle",
    .number = "A6b",
    .lifetime = "that of an entry in a table of handles; its pointer is good as long",
    .alive = "the entry, and the pin",
    .misuse =
        "null, an object of another heap, use after a move and a stale id are errors; one that "
        "is never ended holds its object for ever, and nothing tells",
    .uses = kAllUses,
    .holds_still = true,
    .is_set = false};

class PinnedHandleShape final : public ObjectShape<PinnedHandle> {
 public:
  using ObjectShape::ObjectShape;

 protected:
  [[nodiscard]] bool lose(std::size_t place) override {
    lost_.push_back(std::move(*at(place)));
    end(place);
    return true;
  }

 private:
  std::vector<PinnedHandle> lost_;  ///< entries that nobody will end
};

}  // namespace

heap::Named<PinShape> pin_shape_pinned_handle() {
  return {.name = "pinned_handle",
          .summary = "A6b: a handle with a pointer that is good as long as the handle",
          .source = "golang/go#46787: Handle.Pointer() (DeedleFake)",
          .make = []() -> std::unique_ptr<PinShape> {
            return std::make_unique<PinnedHandleShape>(kFacts);
          }};
}

}  // namespace pinlab::pinning
