#include "pinning/shape.hpp"

#include <atomic>

namespace pinlab::pinning {

namespace {

std::uint32_t next_serial() {
  static std::atomic<std::uint32_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

PinShape::PinShape(const ShapeFacts& facts) : facts_(facts), serial_(next_serial()) {}

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
  const std::uint64_t name = tickets_.open();
  try {
    begin(tickets_.index_of(name), object, site);
  } catch (...) {
    tickets_.close(name);
    throw;
  }
  return {name, serial_, site, object.address()};
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

void PinShape::add(const PinTicket& ticket, heap::ObjectRef object, SiteId site) {
  check_open(site, object.address());
  extend(place_of(ticket), object, site);
}

void PinShape::unpin(const PinTicket& ticket) {
  end(place_of(ticket));
  tickets_.close(ticket.name_);
}

void PinShape::forget(const PinTicket& ticket) {
  if (!lose(place_of(ticket))) {
    misuse("its pins cannot be forgotten: " + std::string(facts_.lifetime), ticket.site_,
           ticket.object_);
  }
  tickets_.close(ticket.name_);
}

heap::Address PinShape::address_of(const PinTicket& ticket) {
  return find(place_of(ticket), ticket.object_);
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

// Of a ticket from another heap neither site nor object mean anything here.
std::size_t PinShape::place_of(const PinTicket& ticket) {
  EXPECTS(registry_ != nullptr);
  if (!ticket) {
    misuse("no ticket", 0, {});
  }
  if (ticket.giver_ != serial_) {
    const bool is_of_heap = registry_->heap().contains(ticket.object_);
    misuse("the ticket is not its own, but of a pin that another shape made",
           is_of_heap ? ticket.site_ : 0, ticket.object_);
  }
  if (tickets_.find(ticket.name_) == nullptr) {
    misuse(tickets_.is_reused(ticket.name_) ? "the pin has ended, and its place holds another one"
                                            : "the pin has ended already",
           ticket.site_, ticket.object_);
  }
  return tickets_.index_of(ticket.name_);
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
