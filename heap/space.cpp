#include "heap/space.hpp"

#include <algorithm>

namespace pinlab::heap {

Space::Space(Heap& heap, std::uint8_t owner, GapReuse* gaps)
    : heap_(heap), owner_(owner), gaps_(gaps) {
  heap_.open_cursors().add(open_);
}

Space::~Space() {
  heap_.open_cursors().remove(open_);
}

void Space::open(AddressRange range) {
  heap_.open_cursors().open(open_, range);
}

AddressRange Space::cut(std::size_t need, std::size_t preferred) {
  AddressRange range = open_.rest();
  // A rest that could not hold another range like this one is given along.
  if (range.bytes() > 2 * std::max(need, preferred)) {
    range.limit = range.base + std::max(need, preferred);
  }
  open({range.limit, open_.limit});
  heap_.prepare(range);
  return range;
}

bool Space::open_gap(std::size_t need) {
  const GapGrant grant = gaps_->take(need);
  if (grant.taken.empty()) {
    return false;
  }
  heap_.format_gap(grant.front);
  heap_.format_gap(grant.rest);
  close();
  open(grant.taken);
  return true;
}

AddressRange Space::take_gap(std::size_t need, std::size_t preferred) {
  if (open_.rest().bytes() >= need) {
    return cut(need, preferred);
  }
  if (gaps_ != nullptr) {
    if (open_gap(need)) {
      return cut(need, preferred);
    }
  }
  return {};
}

AddressRange Space::take(std::size_t need, std::size_t preferred) {
  const AddressRange gap = take_gap(need, preferred);
  if (!gap.empty()) {
    return gap;
  }
  const std::optional<Block> block = heap_.take_block(owner_);
  if (!block) {
    return {};
  }
  const AddressRange range = heap_.range_of(*block);
  heap_.expect_writes(*block);
  // A policy that keeps tails places objects in a fresh block too.
  if (gaps_ != nullptr && gaps_->give_back(range)) {
    EXPECTS(open_gap(need));
  } else {
    close();
    open(range);
  }
  return cut(need, preferred);
}

void Space::give_back(AddressRange tail) {
  if (tail.empty()) {
    return;
  }
  if (tail.limit == open_.base) {
    open({tail.base, open_.limit});
    return;
  }
  heap_.format_gap(tail);
  if (gaps_ != nullptr) {
    gaps_->give_back(tail);
  }
}

void Space::close() {
  const AddressRange rest = open_.rest();
  open({});
  give_back(rest);
}

}  // namespace pinlab::heap
