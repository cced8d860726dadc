#include "pinning/pin_holder.hpp"

#include <utility>
#include <vector>

namespace pinlab::pinning {

PinHolder::PinHolder(PinRegistry& registry, const HolderRule& rule, heap::ObjectRef owner)
    : registry_(&registry),
      rule_(&rule),
      set_(std::make_unique<PinSet>(
          registry, rule.liveness.value_or(registry.liveness()), owner, rule.shape)) {
  set_->set_silent(rule.when_lost == WhenLost::released);
}

PinHolder::PinHolder(PinHolder&& other) noexcept
    : registry_(other.registry_),
      rule_(other.rule_),
      set_(std::move(other.set_)),
      last_object_(other.last_object_),
      last_site_(other.last_site_),
      closed_(other.closed_.load(std::memory_order_relaxed)) {}

PinHolder& PinHolder::operator=(PinHolder&& other) noexcept {
  if (this != &other) {
    end();
    registry_ = other.registry_;
    rule_ = other.rule_;
    set_ = std::move(other.set_);
    last_object_ = other.last_object_;
    last_site_ = other.last_site_;
    closed_.store(other.closed_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  }
  return *this;
}

void PinHolder::pin(heap::ObjectRef object, SiteId site) {
  if (admit(object.address(), site)) {
    set_->pin(object, registry_->site_or_caller(site, __builtin_return_address(0)));
    check_still_open({&object, 1}, site);
  }
}

void PinHolder::pin_all(std::span<const heap::ObjectRef> objects, SiteId site) {
  std::vector<heap::ObjectRef> admitted;
  admitted.reserve(objects.size());
  for (const heap::ObjectRef object : objects) {
    if (admit(object.address(), site)) {
      admitted.push_back(object);
    }
  }
  if (!admitted.empty()) {
    set_->pin_all(admitted, registry_->site_or_caller(site, __builtin_return_address(0)));
    check_still_open(admitted, site);
  }
}

void PinHolder::pin_interior(heap::Address inside, SiteId site) {
  if (admit(inside, site)) {
    const heap::ObjectRef object = registry_->admit_interior(inside);
    if (!object) {
      misuse(*registry_, rule_->shape, "no object lies at the address", site, inside);
    }
    set_->pin(object, registry_->site_or_caller(site, __builtin_return_address(0)));
    check_still_open({&object, 1}, site);
  }
}

void PinHolder::unpin() {
  if (set_ == nullptr) {
    misuse(*registry_, rule_->shape, "unpin after a move", last_site_, last_object_);
  }
  set_->unpin_all();
}

void PinHolder::lose() {
  if (set_ == nullptr) {
    misuse(*registry_, rule_->shape, "a loss after a move", last_site_, last_object_);
  }
  if (rule_->when_lost == WhenLost::kept) {
    registry_->keep(std::move(set_));
  } else {
    registry_->lose(std::move(set_));
  }
}

// Closed first: a pin that is made after the set was emptied sees it, since it locked the set
// later.
void PinHolder::close() {
  closed_.store(true, std::memory_order_relaxed);
  unpin();
}

void PinHolder::take_back(std::span<const heap::ObjectRef> made, SiteId site) {
  for (const heap::ObjectRef object : made) {
    static_cast<void>(set_->unpin(object));  // which close() may have done
  }
  misuse(*registry_, rule_->shape, "a pin after close", site, made.front().address());
}

void PinHolder::check(heap::Address object, SiteId site) {
  const bool closed = closed_.load(std::memory_order_relaxed);
  if (set_ == nullptr || closed) {
    misuse(*registry_, rule_->shape, closed ? "a pin after close" : "a pin after a move", site,
           object);
  }
  last_object_ = object;
  last_site_ = site;
}

bool PinHolder::admit(heap::Address object, SiteId site) {
  check(object, site);
  const bool admitted = registry_->admit(object);
  if (!object) {
    misuse(*registry_, rule_->shape, "argument is null", site, object);
  }
  return admitted;
}

// The pins end before the report, so that a handler sees a heap without them, and once only.
void PinHolder::end() noexcept {
  if (set_ == nullptr) {
    return;
  }
  if (rule_->when_lost == WhenLost::kept && !set_->empty()) {
    registry_->keep(std::move(set_));
    return;
  }
  const PinLeak leak = registry_->leak_of(*set_);
  set_.reset();
  if (leak.pins > 0 && rule_->when_lost == WhenLost::reported) {
    registry_->report_leak(leak);
  }
}

void SinglePin::unpin() {
  if (ended_) {
    refuse("the pin has ended already");
  }
  holder_.unpin();
  ended_ = true;
}

heap::Address SinglePin::address() const {
  if (ended_ || holder_.is_moved()) {
    refuse(ended_ ? "the address of a pin that has ended" : "the address of a pin after a move");
  }
  return object_.address();
}

void SinglePin::lose() {
  if (ended_) {
    refuse("a loss of a pin that has ended");
  }
  holder_.lose();
}

void SinglePin::refuse(std::string_view what) const {
  misuse(holder_.registry(), rule_->shape, what, site_, object_.address());
}

}  // namespace pinlab::pinning
