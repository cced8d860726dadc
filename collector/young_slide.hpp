// The end of a young collection that slides: what was marked moves to lower addresses of the same
// blocks, around the islands, by the compactor's plan.
#pragma once

#include "collector/young.hpp"

#include <vector>

namespace pinlab::collector {

/// `remembered`: the slots of old objects that refer into `blocks`. The answer is the index of the
/// first block above all that took survivors in. Afterwards the live and start bits of the blocks
/// say what is in them. REQUIRES live and start bits of all that is alive in the blocks, and
/// immovable bits of the islands.
[[nodiscard]] std::uint32_t slide_survivors(Generations& generations,
                                            const RootSet& roots,
                                            const std::vector<heap::Block>& blocks,
                                            const std::vector<heap::Address>& remembered,
                                            PauseReport& report);

}  // namespace pinlab::collector
