#include "heap/space.hpp"

#include <algorithm>

namespace pinlab::heap {

AddressRange Space::cut(std::size_t need, std::size_t preferred, bool zero) {
  AddressRange range = open_;
  // A rest that could not hold another range like this one is given along.
  if (range.bytes() > 2 * std::max(need, preferred)) {
    range.limit = range.base + std::max(need, preferred);
  }
  open_.base = range.limit;
  heap_.prepare(range, zero);
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
  open_ = grant.taken;
  return true;
}

AddressRange Space::take_gap(std::size_t need, std::size_t preferred, bool zero) {
  if (open_.bytes() >= need) {
    return cut(need, preferred, zero);
  }
  if (gaps_ != nullptr) {
    if (open_gap(need)) {
      return cut(need, preferred, zero);
    }
  }
  return {};
}

AddressRange Space::take(std::size_t need, std::size_t preferred, bool zero) {
  const AddressRange gap = take_gap(need, preferred, zero);
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
    open_ = range;
  }
  return cut(need, preferred, zero);
}

void Space::give_back(AddressRange tail) {
  if (tail.empty()) {
    return;
  }
  if (tail.limit == open_.base) {
    open_.base = tail.base;
    return;
  }
  heap_.format_gap(tail);
  if (gaps_ != nullptr) {
    gaps_->give_back(tail);
  }
}

void Space::close() {
  const AddressRange rest = open_;
  open_ = {};
  give_back(rest);
}

}  // namespace pinlab::heap
