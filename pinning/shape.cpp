#include "pinning/shape.hpp"

namespace pinlab::pinning {

std::string PinUses::names() const {
  std::string text;
  for (std::size_t use = 0; use < kPinUseNames.size(); ++use) {
    if (has(static_cast<PinUse>(use))) {
      text += (text.empty() ? "" : ", ") + std::string(kPinUseNames[use]);
    }
  }
  return text;
}

void PinShape::open(PinRegistry& registry) {
  EXPECTS(registry_ == nullptr);
  registry_ = &registry;
  opened();
}

PinTicket PinShape::pin(heap::ObjectRef object, SiteId site) {
  check_open(site, object.address());
  const PinTicket ticket = tickets_.open();
  *tickets_.find(ticket) = {.first = object.address(), .site = site};
  try {
    begin(tickets_.index_of(ticket), object, site);
  } catch (...) {
    tickets_.close(ticket);
    throw;
  }
  return ticket;
}

PinTicket PinShape::pin_interior(heap::Address inside, SiteId site) {
  check_open(site, inside);
  if (registry_->heap().contains(inside)) {
    const heap::ObjectRef object = registry_->admit_interior(inside);
    if (!object) {
      misuse("no object lies at the address", site, inside);
    }
    return pin(object, site);
  }
  return pin(heap::ObjectRef(inside), site);
}

void PinShape::add(PinTicket ticket, heap::ObjectRef object, SiteId site) {
  check_open(site, object.address());
  static_cast<void>(good(ticket));
  extend(tickets_.index_of(ticket), object, site);
}

void PinShape::unpin(PinTicket ticket) {
  static_cast<void>(good(ticket));
  end(tickets_.index_of(ticket));
  tickets_.close(ticket);
}

void PinShape::forget(PinTicket ticket) {
  const Ticket& lost = good(ticket);
  if (!lose(tickets_.index_of(ticket))) {
    misuse("its pins cannot be forgotten: " + std::string(facts_.lifetime), lost.site, lost.first);
  }
  tickets_.close(ticket);
}

heap::Address PinShape::address_of(PinTicket ticket) {
  return find(tickets_.index_of(ticket), good(ticket).first);
}

void PinShape::close() {
  end_all();
  tickets_.close_all();
  closed_ = true;
}

void PinShape::misuse(std::string_view what, SiteId site, heap::Address object) const {
  pinning::misuse(*registry_, facts_.name, what, site, object);
}

void PinShape::extend(std::size_t /*place*/, heap::ObjectRef object, SiteId site) {
  misuse("a pin of this shape holds one object", site, object.address());
}

bool PinShape::lose(std::size_t /*place*/) {
  return false;
}

heap::Address PinShape::find(std::size_t /*place*/, heap::Address first) const {
  return first;
}

void PinShape::check_open(SiteId site, heap::Address object) const {
  EXPECTS(registry_ != nullptr);
  if (closed_) {
    misuse("a pin after close", site, object);
  }
}

// Of a place that is used again the last user is gone: the error names the present one, and says
// so.
PinShape::Ticket& PinShape::good(PinTicket ticket) {
  EXPECTS(registry_ != nullptr);
  if (Ticket* const found = tickets_.find(ticket)) {
    return *found;
  }
  const Ticket* const last = ticket == 0 ? nullptr : tickets_.last_of(ticket);
  if (last == nullptr) {
    misuse("a ticket that it never gave", 0, {});
  }
  misuse(tickets_.is_reused(ticket) ? "the pin has ended, and its place holds another one"
                                    : "the pin has ended already",
         last->site, last->first);
}

std::string shapes_that_express(PinUse use) {
  std::string text;
  for (const heap::Named<PinShape>& entry : pin_shapes()) {
    const ShapeFacts& facts = entry.make()->facts();
    if (facts.holds_still && facts.uses.has(use)) {
      text += (text.empty() ? "" : ", ") + std::string(entry.name);
    }
  }
  return text;
}

}  // namespace pinlab::pinning
