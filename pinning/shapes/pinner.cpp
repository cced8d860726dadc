#include "pinning/shapes/pinner.hpp"

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pinlab::pinning {

namespace {

/// What is lost if the set ends now; `pins` is 0 for an empty set.
PinLeak leak_of(const PinSet& set) {
  const std::lock_guard lock(set.lock());
  PinLeak leak{.site = 0, .since = 0, .pins = set.entries().size(), .bytes = 0};
  if (leak.pins > 0) {
    leak.site = set.entries().front().site;
    leak.since = set.entries().front().since;
  }
  for (const PinSet::Entry& entry : set.entries()) {
    leak.bytes += entry.object.bytes();
  }
  return leak;
}

[[noreturn]] void misuse(std::string_view what, const std::string& site) {
  throw PinError("pinner: " + std::string(what) + " (site: " + site + ")");
}

/// Whether the set takes the object; what is outside the heap is counted and needs no pin.
bool admit(const PinSet* set, heap::Address address, SiteId site) {
  if (set == nullptr) {
    misuse("used after it was moved", "site " + std::to_string(site));
  }
  PinRegistry& registry = set->registry();
  if (!address) {
    registry.count_ignored_null();
    misuse("argument is null", registry.sites().name(site));
  }
  if (!registry.heap().contains(address)) {
    registry.count_ignored_foreign();
    return false;
  }
  return true;
}

/// Workloads hold single pins: a ticket is a Pinner, used again once it is empty.
class PinnerShape final : public PinShape {
 public:
  [[nodiscard]] bool immobile() const override { return true; }
  [[nodiscard]] ShapeLifetime lifetime() const override { return ShapeLifetime::free; }
  void open(PinRegistry& registry) override { registry_ = &registry; }

  [[nodiscard]] std::uint32_t pin(heap::ObjectRef object, SiteId site) override {
    EXPECTS(registry_ != nullptr);
    if (free_.empty()) {
      pinners_.emplace_back(*registry_);
      free_.push_back(static_cast<std::uint32_t>(pinners_.size()));
    }
    const std::uint32_t ticket = free_.back();
    pinners_[ticket - 1].pin(object, site);  // if it throws, the ticket is still free
    free_.pop_back();
    return ticket;
  }

  void unpin(std::uint32_t ticket) override {
    EXPECTS(ticket - 1 < pinners_.size());
    pinners_[ticket - 1].unpin();
    free_.push_back(ticket);
  }

 private:
  PinRegistry* registry_ = nullptr;
  std::deque<Pinner> pinners_;
  std::vector<std::uint32_t> free_;
};

}  // namespace

Pinner::Pinner(PinRegistry& registry, heap::ObjectRef owner)
    : set_(std::make_unique<PinSet>(registry, true, owner)) {}

Pinner& Pinner::operator=(Pinner&& other) noexcept {
  if (this != &other) {
    end();
    set_ = std::move(other.set_);
  }
  return *this;
}

Pinner::~Pinner() {
  end();
}

void Pinner::pin(heap::ObjectRef object, SiteId site) {
  if (admit(set_.get(), object.address(), site)) {
    set_->pin(object, site);
  }
}

void Pinner::pin_interior(heap::Address inside, SiteId site) {
  if (!admit(set_.get(), inside, site)) {
    return;
  }
  const heap::ObjectRef object = set_->registry().heap().object_containing(inside);
  if (object) {
    set_->pin(object, site);
  } else {
    set_->registry().count_ignored_foreign();
  }
}

void Pinner::unpin() {
  if (set_ == nullptr) {
    misuse("used after it was moved", "unknown");
  }
  set_->unpin_all();
}

// The pins end before the report, so that a handler sees a heap without them, and once only.
void Pinner::end() noexcept {
  if (set_ == nullptr) {
    return;
  }
  const PinLeak leak = leak_of(*set_);
  PinRegistry& registry = set_->registry();
  set_.reset();
  if (leak.pins > 0) {
    registry.report_leak(leak);
  }
}

heap::Named<PinShape> pin_shape_pinner() {
  return {.name = "pinner",
          .summary = "A22: Go's runtime.Pinner, a reusable set of pins that end together",
          .source = "golang/go#46787, as shipped in Go 1.21 (ansiwen, aclements, bcmills)",
          .make = []() -> std::unique_ptr<PinShape> { return std::make_unique<PinnerShape>(); }};
}

}  // namespace pinlab::pinning
