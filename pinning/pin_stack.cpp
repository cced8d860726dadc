#include "pinning/pin_stack.hpp"

namespace pinlab::pinning {

void PinStack::push(heap::ObjectRef object, SiteId site) {
  const bool needed = registry().admit(object.address());
  pins_.push_back(needed ? object : heap::ObjectRef());
  if (needed) {
    set_.pin(object, site);
  }
}

void PinStack::push_all(std::span<const heap::ObjectRef> objects, SiteId site) {
  const std::size_t before = pins_.size();
  std::vector<heap::ObjectRef> needed;
  needed.reserve(objects.size());
  pins_.reserve(before + objects.size());
  for (const heap::ObjectRef object : objects) {
    const bool is_needed = registry().admit(object.address());
    pins_.push_back(is_needed ? object : heap::ObjectRef());
    if (is_needed) {
      needed.push_back(object);
    }
  }
  set_.pin_all(needed, site);
}

void PinStack::pop_to(std::size_t depth) {
  while (pins_.size() > depth) {
    if (pins_.back()) {
      const bool was_pinned = set_.unpin(pins_.back());
      EXPECTS(was_pinned || !set_.keeps_alive());
    }
    pins_.pop_back();
  }
}

PinFrame::~PinFrame() {
  EXPECTS(stack_.depth() == base_ + pins_);
  stack_.pop_to(base_);
}

void PinFrame::pin(heap::ObjectRef object, SiteId site) {
  check_newest(object, site);
  stack_.push(object, site);
  ++pins_;
}

void PinFrame::pin_all(std::span<const heap::ObjectRef> objects, SiteId site) {
  check_newest(objects.empty() ? heap::ObjectRef() : objects.front(), site);
  stack_.push_all(objects, site);
  pins_ += objects.size();
}

void PinFrame::check_newest(heap::ObjectRef object, SiteId site) const {
  if (stack_.depth() != base_ + pins_) {
    misuse(registry(), shape_, "a pin in a scope in which another scope is open", site,
           object.address());
  }
}

}  // namespace pinlab::pinning
