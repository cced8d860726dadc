#include "pinning/foreign_memory.hpp"

#include "heap/support/digest.hpp"
#include "pinning/pin_registry.hpp"

#include <algorithm>
#include <utility>

namespace pinlab::pinning {

using heap::Address;
using heap::Header;
using heap::ObjectRef;

namespace {

constexpr std::size_t kCanaryWords = 8;  // at either end of the bytes

/// What C code reads: whatever lies there, poisoned, reused or being written. The old spelling of
/// attributes: clang does not know gnu::no_sanitize.
__attribute__((noinline, no_sanitize("address", "thread"))) std::uintptr_t word_at(
    Address address) {
  return address.word();
}

std::uintptr_t shape_of(std::uintptr_t header) {
  const Header word(header);
  return Header(word.granules(), word.references()).word();
}

}  // namespace

ForeignMemory::ForeignMemory(PinRegistry& registry) : registry_(registry) {
  registry_.attach(*this);
}

ForeignMemory::~ForeignMemory() {
  registry_.detach(*this);
}

ForeignMemory::Canary ForeignMemory::canary_at(Address address, std::uintptr_t shape) {
  Canary canary{.shape = shape_of(word_at(address)), .payload = 0};
  const Header expected(shape);
  const std::size_t first = 1 + expected.references();
  const std::size_t limit = expected.granules();
  heap::Digest digest;
  for (std::size_t word = first; word < limit; ++word) {
    if (word < first + kCanaryWords || word + kCanaryWords >= limit) {
      digest.add(word_at(address + word * heap::kGranuleBytes));
    }
  }
  canary.payload = digest.value();
  return canary;
}

ForeignMemory::Ticket ForeignMemory::store(ObjectRef object,
                                           SiteId site,
                                           Cover cover,
                                           std::uint64_t clock) {
  EXPECTS(object && registry_.heap().contains(object.address()));
  if (free_.empty()) {
    free_.push_back(static_cast<Ticket>(holdings_.size()));
    holdings_.emplace_back();
  }
  const Ticket ticket = free_.back();
  free_.pop_back();
  Holding& holding = holdings_[ticket];
  holding = {};
  holding.address = object.address();
  holding.bytes = object.bytes();
  holding.stored = holding.changed = clock;
  holding.canary.shape = shape_of(object.header().word());
  holding.site = site;
  holding.needed = true;
  holding.covered = cover != Cover::none;
  holding.pinned = registry_.is_pinned(object);
  ++figures_.stored;
  if (cover != Cover::pin) {
    watch(ticket);
  }
  return ticket;
}

void ForeignMemory::uncover(Ticket ticket, std::uint64_t clock) {
  Holding& holding = holdings_[ticket];
  advance(holding, clock);
  holding.covered = false;
  if (holding.needed && !holding.dead && holding.watch == kNone) {
    watch(ticket);
  }
  forget_if_over(ticket);
}

void ForeignMemory::read(Ticket ticket) {
  EXPECTS(holdings_[ticket].needed);
  check(holdings_[ticket]);
}

void ForeignMemory::release(Ticket ticket, std::uint64_t clock) {
  Holding& holding = holdings_[ticket];
  EXPECTS(holding.needed);
  check(holding);
  advance(holding, clock);
  holding.needed = false;
  if (!holding.covered) {
    unwatch(ticket);
  }
  forget_if_over(ticket);
}

void ForeignMemory::after_collection(std::uint64_t clock) {
  std::vector<Ticket> dead;
  dead.swap(dead_);
  for (const Ticket ticket : dead) {
    Holding& holding = holdings_[ticket];
    if (holding.dead && holding.covered) {
      advance(holding, clock);
      holding.exposed = true;
    }
  }
}

BoundaryFigures ForeignMemory::figures(std::uint64_t clock) const {
  BoundaryFigures figures = figures_;
  for (const Holding& holding : holdings_) {
    pass(holding, clock, figures);
  }
  return figures;
}

void ForeignMemory::for_each_slot(const std::function<void(Address)>& visit) {
  for (Watch& watch : watches_) {
    if (watch.slot != 0) {
      visit(Address::of(&watch.slot));
    }
  }
}

void ForeignMemory::settle() {
  for (std::size_t i = watches_.size(); i-- > 0;) {
    Watch& watch = watches_[i];
    Holding& holding = holdings_[watch.ticket];
    if (watch.slot == 0) {
      holding.dead = true;
      if (holding.needed) {
        ++figures_.freed;
        note(Violation::Kind::freed, holding);
      }
      if (holding.covered) {
        dead_.push_back(watch.ticket);
      }
      unwatch(watch.ticket);
      continue;
    }
    if (watch.slot != watch.seen && holding.covered) {
      ++figures_.broken;
    } else if (watch.slot != watch.seen && holding.needed) {
      ++figures_.moved;
      note(Violation::Kind::moved, holding);
    }
    watch.seen = watch.slot;
    holding.canary = canary_at(Address(watch.slot), holding.canary.shape);
    if (holding.needed) {
      check(holding);
    }
  }
}

// Under a cover the object is there, whatever its bytes are by now.
void ForeignMemory::check(Holding& holding) {
  if (!holding.covered || holding.dead) {
    check_exposed(holding);
    return;
  }
  ++figures_.reads;
  const std::uintptr_t header = word_at(holding.address);
  if (shape_of(header) != holding.canary.shape ||
      (holding.pinned && !Header(header).has(Header::kPinned))) {
    ++figures_.bad_reads;
    ++figures_.broken;
  }
}

// Without one: what is found at the address is compared with what the object has, wherever it is.
// A stale copy that nobody has overwritten yet is read as if nothing had happened: as in C.
void ForeignMemory::check_exposed(Holding& holding) {
  ++figures_.reads;
  if (holding.watch != kNone) {
    holding.canary = canary_at(Address(watches_[holding.watch].slot), holding.canary.shape);
  }
  figures_.bad_reads +=
      canary_at(holding.address, holding.canary.shape) == holding.canary ? 0U : 1U;
}

void ForeignMemory::watch(Ticket ticket) {
  Holding& holding = holdings_[ticket];
  holding.canary = canary_at(holding.address, holding.canary.shape);
  holding.watch = static_cast<std::uint32_t>(watches_.size());
  watches_.push_back({holding.address.value(), holding.address.value(), ticket});
}

void ForeignMemory::unwatch(Ticket ticket) {
  const std::uint32_t place = std::exchange(holdings_[ticket].watch, kNone);
  if (place != kNone) {
    watches_[place] = watches_.back();
    if (watches_[place].ticket != ticket) {
      holdings_[watches_[place].ticket].watch = place;
    }
    watches_.pop_back();
  }
}

void ForeignMemory::note(Violation::Kind kind, const Holding& holding) {
  if (!figures_.first) {
    figures_.first = {.kind = kind,
                      .site = holding.site,
                      .stored = holding.stored,
                      .bytes = holding.bytes,
                      .collection = registry_.collections()};
  }
}

void ForeignMemory::pass(const Holding& holding, std::uint64_t clock, BoundaryFigures& figures) {
  const heap::Wide passed = heap::Wide{clock - std::min(clock, holding.changed)} * holding.bytes;
  const bool covered = holding.covered && !holding.exposed;
  figures.need += holding.needed ? passed : 0;
  figures.exposure += holding.needed && !covered ? passed : 0;
  figures.overhang += covered && !holding.needed ? passed : 0;
}

void ForeignMemory::advance(Holding& holding, std::uint64_t clock) {
  pass(holding, clock, figures_);
  holding.changed = std::max(holding.changed, clock);
}

void ForeignMemory::forget_if_over(Ticket ticket) {
  Holding& holding = holdings_[ticket];
  if (!holding.needed && !holding.covered) {
    unwatch(ticket);
    holding = {};
    free_.push_back(ticket);
  }
}

std::string sentence_of(const Violation& violation, const SiteTable& sites) {
  return "an object of " + std::to_string(violation.bytes) + " bytes was " +
         (violation.kind == Violation::Kind::moved ? "moved" : "freed") + " by collection " +
         std::to_string(violation.collection) +
         " while foreign memory needed it and no pin held it; its address was given away by " +
         sites.name(violation.site) + " at " + std::to_string(violation.stored) +
         " bytes allocated";
}

}  // namespace pinlab::pinning
