// Who hears where the survivors of a pause are: for maps of the heap and the ages of objects. It
// costs a walk of the blocks concerned, where somebody listens, and nothing else; the walk is timed
// as measuring (phase census), no part of the pause.
//
// A young collection tells of every block that it emptied; a full one then tells of every block
// that it compacts too, before anything moves.
#pragma once

#include "collector/generations.hpp"
#include "collector/move_plan.hpp"
#include "collector/pause.hpp"

#include <cstddef>
#include <span>

namespace pinlab::collector {

struct Survivor {
  heap::Address from;
  heap::Address to;  ///< `from`, where it stays
  std::size_t bytes = 0;
};

class MoveObserver {
 public:
  MoveObserver() = default;
  MoveObserver(const MoveObserver&) = delete;
  MoveObserver& operator=(const MoveObserver&) = delete;
  virtual ~MoveObserver() = default;

  /// Everything that is alive in the block, ascending by `from`: what is not there is dead. Once
  /// for each block, and in the order of the blocks.
  virtual void survived(heap::Block block, std::span<const Survivor> survivors) = 0;
  /// All blocks of this step were told of: what was said holds from here on.
  virtual void step_ended() = 0;
};

/// After tracing, while the condemned `blocks` still hold the headers of what left them.
void tell_of_young(const Generations& generations,
                   std::span<const heap::Block> blocks,
                   PauseReport& report);
/// Between planning and moving.
void tell_of_moves(const Generations& generations, const MovePlan& plan, PauseReport& report);

}  // namespace pinlab::collector
