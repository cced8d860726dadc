#include "heap/space.hpp"

#include <algorithm>
#include <bit>

namespace pinlab::heap {

Space::Space(Heap& heap, std::uint8_t owner, GapReuse* gaps)
    : heap_(heap), owner_(owner), gaps_(gaps), fresh_(heap.block_count(), false) {
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
  use_.reused += is_gap(range) ? range.bytes() : 0;
  heap_.prepare(range);
  return range;
}

bool Space::open_gap(std::size_t need) {
  const std::uint64_t before = gaps_->bytes();
  const GapGrant grant = gaps_->take(need);
  use_.burned += before - grant.taken.bytes() - gaps_->bytes();
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
    ++use_.requests[std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(need)) - 1,
                                          use_.requests.size() - 1)];
    use_.request_bytes += need;
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
  fresh_[index_of(*block)] = true;
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
  const std::uint64_t of_gap = is_gap(tail) ? tail.bytes() : 0;
  // The open range may begin where the block before it ends.
  const AddressRange rest = open_.rest();
  const bool other_block =
      !rest.empty() && heap_.block_of(rest.base) != heap_.block_of(tail.base);
  if (tail.limit == open_.base && !other_block) {
    open({tail.base, open_.limit});
    use_.reused -= of_gap;
    return;
  }
  heap_.format_gap(tail);
  if (gaps_ != nullptr) {
    const bool kept = gaps_->give_back(tail);
    use_.burned += kept ? 0 : of_gap;
  }
  use_.reused -= of_gap;
}

GapUse Space::take_use() {
  const GapUse use = use_;
  use_ = {};
  fresh_.assign(fresh_.size(), false);
  return use;
}

void Space::close() {
  const AddressRange rest = open_.rest();
  open({});
  if (!rest.empty()) {
    use_.reused += is_gap(rest) ? rest.bytes() : 0;  // as if it had been cut, and came back
    give_back(rest);
  }
}

}  // namespace pinlab::heap
