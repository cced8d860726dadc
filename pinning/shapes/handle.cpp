#include "pinning/shapes/handle.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pinlab::pinning {

namespace {

/// A ticket is the place of a Handle, used again once its handle has ended.
class HandleShape final : public PinShape {
 public:
  [[nodiscard]] bool immobile() const override { return false; }
  [[nodiscard]] ShapeLifetime lifetime() const override { return ShapeLifetime::free; }
  void open(PinRegistry& registry) override { registry_ = &registry; }

  [[nodiscard]] std::uint32_t pin(heap::ObjectRef object, SiteId /*site*/) override {
    EXPECTS(registry_ != nullptr);
    Handle handle(*registry_, object);
    if (free_.empty()) {
      handles_.push_back(std::move(handle));
      return static_cast<std::uint32_t>(handles_.size());
    }
    const std::uint32_t ticket = free_.back();
    free_.pop_back();
    handles_[ticket - 1] = std::move(handle);
    return ticket;
  }

  void unpin(std::uint32_t ticket) override {
    EXPECTS(ticket - 1 < handles_.size() && handles_[ticket - 1].id() != 0);
    const Handle ended = std::move(handles_[ticket - 1]);
    free_.push_back(ticket);
  }

 private:
  PinRegistry* registry_ = nullptr;
  std::vector<Handle> handles_;
  std::vector<std::uint32_t> free_;
};

std::uint32_t make(PinRegistry& registry, heap::ObjectRef object) {
  if (!object) {
    registry.count_ignored_null();
    throw PinError("handle: object is null");
  }
  if (!registry.heap().contains(object.address())) {
    registry.count_ignored_foreign();
    throw PinError("handle: object is not in this heap");
  }
  return registry.make_handle(object);
}

}  // namespace

Handle::Handle(PinRegistry& registry, heap::ObjectRef object)
    : registry_(&registry), id_(make(registry, object)) {}

Handle::Handle(Handle&& other) noexcept
    : registry_(other.registry_), id_(std::exchange(other.id_, 0)) {}

Handle& Handle::operator=(Handle&& other) noexcept {
  if (this != &other) {
    end();
    registry_ = other.registry_;
    id_ = std::exchange(other.id_, 0);
  }
  return *this;
}

heap::ObjectRef Handle::get() const {
  if (id_ == 0) {
    throw PinError("handle: used after it was moved");
  }
  return resolve(*registry_, id_);
}

void Handle::end() noexcept {
  if (id_ != 0) {
    registry_->end_handle(std::exchange(id_, 0));
  }
}

heap::Named<PinShape> pin_shape_handle() {
  return {.name = "handle",
          .summary = "A6: a number for the object, which stays alive and may move; no pin",
          .source = "golang/go#46787; Go's cgo.Handle (DeedleFake, ansiwen)",
          .make = []() -> std::unique_ptr<PinShape> { return std::make_unique<HandleShape>(); }};
}

}  // namespace pinlab::pinning
