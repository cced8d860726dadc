#include "pinning/shapes/off_heap.hpp"

#include "pinning/shapes/adapters.hpp"

#include <cstring>
#include <vector>

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "off_heap",
    .number = "A21",
    .lifetime = "that of a buffer of malloc: from the copy until it is freed",
    .alive = "nobody: the copy needs no object, and the object no copy",
    .misuse =
        "null and an object of another heap are errors; a copy that is never freed is memory "
        "that is never free, and nothing tells",
    .uses = kAllUses,
    .holds_still = false,
    .is_set = false};

class OffHeapShape final : public ObjectShape<OffHeapCopy> {
 public:
  using ObjectShape::ObjectShape;

 protected:
  [[nodiscard]] bool lose(std::size_t place) override {
    lost_.push_back(std::move(*at(place)));
    return true;
  }
  [[nodiscard]] heap::Address find(std::size_t place, heap::Address /*first*/) const override {
    return heap::Address::of(at(place).bytes().data());
  }

 private:
  std::vector<OffHeapCopy> lost_;  ///< never freed, as long as the shape is there
};

}  // namespace

OffHeapCopy::OffHeapCopy(PinRegistry& registry, heap::ObjectRef object, SiteId site)
    : registry_(&registry), site_(site), from_(object.address()) {
  if (!registry.admit(object.address())) {
    misuse(registry, "off_heap", object ? "the object is not in this heap" : "argument is null",
           site, object.address());
  }
  const std::span<const std::byte> from = object.payload();
  size_ = from.size();
  bytes_ = std::make_unique<std::byte[]>(size_ + 1);  // an address of its own, also for no bytes
  std::memcpy(bytes_.get(), from.data(), size_);
  registry.work().add(ShapeWork::copies);
  registry.work().add(ShapeWork::copied_bytes, size_);
}

std::span<std::byte> OffHeapCopy::bytes() const {
  if (bytes_ == nullptr) {
    misuse(*registry_, "off_heap", "used after a move", site_, from_);
  }
  return {bytes_.get(), size_};
}

void OffHeapCopy::copy_back(heap::ObjectRef object) const {
  const std::span<const std::byte> from = bytes();
  const std::span<std::byte> to = object.payload();
  EXPECTS(to.size() == from.size());
  std::memcpy(to.data(), from.data(), from.size());
}

heap::Named<PinShape> pin_shape_off_heap() {
  return {
      .name = "off_heap",
      .summary = "A21: a copy of the object's bytes outside the heap; no pin",
      .source = "golang/go#46787: C.malloc (problem statement, randall77, egonelbre, beoran)",
      .make = []() -> std::unique_ptr<PinShape> { return std::make_unique<OffHeapShape>(kFacts); }};
}

}  // namespace pinlab::pinning
