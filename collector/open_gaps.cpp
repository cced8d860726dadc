#include "collector/open_gaps.hpp"

#include <algorithm>
#include <bit>

namespace pinlab::collector {

using heap::Address;

OpenGaps::OpenGaps(Fit fit,
                   std::uint32_t most_open,
                   std::vector<PlannedGap>& gaps,
                   std::vector<Stage> stages)
    : fit_(fit),
      most_open_(fit == Fit::first ? most_open : 1),
      gaps_(gaps),
      stages_(std::move(stages)) {
  EXPECTS(most_open_ > 0);
  if (fit_ == Fit::best) {
    for (std::size_t i = gaps_.size(); i > 0; --i) {
      EXPECTS(stages_[i - 1] == 0);  // runs go to gaps of any order: none may be emptied meanwhile
      by_power_[static_cast<std::size_t>(std::bit_width(room(i - 1))) - 1].push_back(i - 1);
    }
    return;
  }
  rooms_.assign(gaps_.size(), [this](std::size_t gap) { return room(gap); });
}

Address OpenGaps::take(std::size_t bytes, Address object) {
  return fit_ == Fit::best                     ? take_best(bytes)
         : most_open_ == OldVariants::kAllGaps ? take_any(bytes, object)
                                               : take_first(bytes, object);
}

bool OpenGaps::may_open(std::size_t gap, Address object) const {
  return stages_[gap] < stage_ || (stages_[gap] == stage_ && gaps_[gap].base <= object) ||
         stages_[gap] == 0;
}

Address OpenGaps::fill(std::size_t gap, std::size_t bytes) {
  const Address to = gaps_[gap].filled;
  gaps_[gap].filled += bytes;
  return to;
}

Address OpenGaps::take_first(std::size_t bytes, Address object) {
  for (const std::size_t gap : open_) {
    if (room(gap) >= bytes) {
      return fill(gap, bytes);
    }
  }
  // Where no later gap has room, none is opened, and none closed, in vain.
  if (rooms_.find(next_, bytes) == gaps_.size()) {
    return {};
  }
  while (next_ < gaps_.size() && may_open(next_, object)) {
    close_fullest();
    open_.push_back(next_++);
    if (room(open_.back()) >= bytes) {
      return fill(open_.back(), bytes);
    }
  }
  return {};
}

/// Every gap up to the object's own is open.
Address OpenGaps::take_any(std::size_t bytes, Address object) {
  const std::size_t gap = rooms_.find(0, bytes);
  if (gap == gaps_.size() || !may_open(gap, object)) {
    return {};
  }
  const Address to = fill(gap, bytes);
  rooms_.set(gap, room(gap));
  return to;
}

/// Makes room among the open gaps for one more.
void OpenGaps::close_fullest() {
  if (open_.size() == most_open_) {
    open_.erase(std::ranges::min_element(open_, {}, [this](std::size_t gap) { return room(gap); }));
  }
}

Address OpenGaps::take_best(std::size_t bytes) {
  for (auto power = static_cast<std::size_t>(std::bit_width(bytes - 1)); power < by_power_.size();
       ++power) {
    if (by_power_[power].empty()) {
      continue;
    }
    const std::size_t gap = by_power_[power].back();
    by_power_[power].pop_back();
    const Address to = fill(gap, bytes);
    if (room(gap) > 0) {
      by_power_[static_cast<std::size_t>(std::bit_width(room(gap))) - 1].push_back(gap);
    }
    return to;
  }
  return {};
}

}  // namespace pinlab::collector
