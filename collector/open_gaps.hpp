// The gaps that a plan may fill now, and how the one is found that an object goes to.
#pragma once

#include "heap/support/max_tree.hpp"
#include "collector/move_plan.hpp"

#include <array>
#include <vector>

namespace pinlab::collector {

/// Which source's objects have to be placed before a gap may be opened; 0: anyone's.
using Stage = std::uint32_t;

class OpenGaps {
 public:
  /// `stages`: for each gap, one above the index of the source that it lies in, or 0.
  OpenGaps(Fit fit,
           std::uint32_t most_open,
           std::vector<PlannedGap>& gaps,
           std::vector<Stage> stages);

  /// Objects come from the source at this stage from now on.
  void enter(Stage stage) { stage_ = stage; }

  /// Memory of `bytes` for what lies at `object`; null where no gap that may be filled has room.
  [[nodiscard]] heap::Address take(std::size_t bytes, heap::Address object);

 private:
  [[nodiscard]] std::size_t room(std::size_t gap) const {
    return gaps_[gap].limit - gaps_[gap].filled;
  }
  [[nodiscard]] bool may_open(std::size_t gap, heap::Address object) const;
  [[nodiscard]] heap::Address fill(std::size_t gap, std::size_t bytes);
  [[nodiscard]] heap::Address take_first(std::size_t bytes, heap::Address object);
  [[nodiscard]] heap::Address take_any(std::size_t bytes, heap::Address object);
  [[nodiscard]] heap::Address take_best(std::size_t bytes);
  void close_fullest();

  Fit fit_;
  std::uint32_t most_open_;
  std::vector<PlannedGap>& gaps_;
  std::vector<Stage> stages_;
  Stage stage_ = 0;
  std::size_t next_ = 0;           ///< the first gap that was not opened yet
  std::vector<std::size_t> open_;  ///< ascending
  heap::MaxTree rooms_;            ///< of all gaps where all are open, else of unopened ones
  std::array<std::vector<std::size_t>, 48> by_power_;  ///< of Fit::best
};

}  // namespace pinlab::collector
