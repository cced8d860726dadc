#include "pinning/shapes/handle.hpp"

#include "pinning/shapes/adapters.hpp"

#include <utility>

namespace pinlab::pinning {

namespace {

constexpr ShapeFacts kFacts = {
    .name = "handle",
    .number = "A6",
    .lifetime = "from make to end of an entry in a table; each access looks the object up",
    .alive = "the entry",
    .misuse =
        "null, an object of another heap and a stale id are errors; an entry that is never "
        "ended retains its object for ever, and nothing tells",
    .uses = kAllUses,
    .holds_still = false,
    .is_set = false};

class HandleShape final : public ObjectShape<Handle> {
 public:
  using ObjectShape::ObjectShape;

 protected:
  [[nodiscard]] heap::Address find(std::size_t place, heap::Address /*first*/) const override {
    return at(place).get().address();
  }
};

HandleId make(PinRegistry& registry, heap::ObjectRef object, SiteId site, std::string_view shape) {
  if (!registry.admit(object.address())) {
    misuse(registry, shape, object ? "the object is not in this heap" : "argument is null", site,
           object.address());
  }
  registry.work().add(ShapeWork::handles);
  return registry.handles().make(object, site);
}

[[noreturn]] void refuse(PinRegistry& registry, HandleId id, std::string_view what = {}) {
  const HandleTable::Entry last = registry.handles().last_of(id);
  const std::string_view stale =
      last.slot != 0 ? "a stale id, whose place holds another handle by now" : "a stale id";
  misuse(registry, "handle", what.empty() ? stale : what, last.site,
         last.slot != 0 ? heap::Address(last.slot) : last.last);
}

}  // namespace

Handle::Handle(PinRegistry& registry, heap::ObjectRef object, SiteId site, std::string_view shape)
    : registry_(&registry), id_(make(registry, object, site, shape)), was_(id_) {}

Handle::Handle(Handle&& other) noexcept
    : registry_(other.registry_), id_(std::exchange(other.id_, 0)), was_(other.was_) {}

Handle& Handle::operator=(Handle&& other) noexcept {
  if (this != &other) {
    end();
    registry_ = other.registry_;
    id_ = std::exchange(other.id_, 0);
    was_ = other.was_;
  }
  return *this;
}

heap::ObjectRef Handle::get() const {
  if (id_ == 0) {
    refuse(*registry_, was_, "used after a move");
  }
  return resolve(*registry_, id_);
}

heap::ObjectRef Handle::resolve(PinRegistry& registry, HandleId id) {
  const heap::ObjectRef object = registry.handles().target(id);
  if (!object) {
    refuse(registry, id);
  }
  return object;
}

void Handle::end() noexcept {
  if (id_ != 0) {
    const bool was_there = registry_->handles().end(std::exchange(id_, 0));
    EXPECTS(was_there);
  }
}

heap::Named<PinShape> pin_shape_handle() {
  return {
      .name = "handle",
      .summary = "A6: a number for the object, which stays alive and may move; no pin",
      .source = "golang/go#46787; Go's cgo.Handle (DeedleFake, ansiwen)",
      .make = []() -> std::unique_ptr<PinShape> { return std::make_unique<HandleShape>(kFacts); }};
}

}  // namespace pinlab::pinning
