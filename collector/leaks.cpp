#include "collector/leaks.hpp"

#include "collector/hostage.hpp"
#include "collector/islands.hpp"
#include "collector/phase_timer.hpp"

#include <algorithm>
#include <optional>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
namespace state = heap::block_state;

namespace {

/// visit(word of live bits) for every line of a used block, and the first of every large object.
template <class Visit>
void for_each_live_word(const heap::Heap& heap, Visit&& visit) {
  for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
    const AddressRange block = heap.range_of(heap::Block{i});
    if (heap.state(block.base) == state::kFree) {
      continue;
    }
    for (Address line = block.base; line < block.limit; line += heap::kLineBytes) {
      visit(heap.marks().line(line).live);
    }
  }
  for (const auto& [base, bytes] : heap.large().objects()) {
    visit(heap.marks().line(base).live);
  }
}

/// Bytes in use after this collection, were it to hold on to `set` and its pins.
std::uint64_t used_with(Generations& generations,
                        pinning::PinSet& set,
                        const LiveSet& live,
                        CompactEffort effort) {
  std::vector<std::uint64_t> words;
  for_each_live_word(generations.heap, [&](std::uint64_t& word) { words.push_back(word); });
  const LiveSet with = mark_with(generations, set, live);
  PinFilter filter{.without_sets = live.unreached};
  std::erase(filter.without_sets, &set);
  const std::uint64_t used =
      planned_bytes(generations, with, form_islands(generations, with, filter), effort);
  auto word = words.begin();
  for_each_live_word(generations.heap, [&](std::uint64_t& live_word) { live_word = *word++; });
  return used;
}

/// What each unreached set holds hostage, as far as that is to be measured.
std::vector<std::optional<std::int64_t>> hostage_of(Generations& generations,
                                                    const LiveSet& live,
                                                    CompactEffort effort) {
  std::vector<std::optional<std::int64_t>> hostage(live.unreached.size());
  const std::size_t most =
      generations.options.measure_hostage ? generations.options.measure_sites : 0;
  if (most == 0) {
    return hostage;
  }
  const PinFilter filter{.without_sets = live.unreached};
  const auto without = static_cast<std::int64_t>(
      planned_bytes(generations, live, form_islands(generations, live, filter), effort));
  for (std::size_t i = 0; i < std::min(most, hostage.size()); ++i) {
    if (!live.unreached[i]->empty()) {
      hostage[i] =
          static_cast<std::int64_t>(used_with(generations, *live.unreached[i], live, effort)) -
          without;
    }
  }
  return hostage;
}

}  // namespace

void end_unreached_sets(Generations& generations,
                        const LiveSet& live,
                        CompactEffort effort,
                        PauseReport& report) {
  if (live.unreached.empty()) {
    return;
  }
  const PhaseTimer timer(report, PausePhase::shadow);
  const std::vector<std::optional<std::int64_t>> hostage = hostage_of(generations, live, effort);
  for (std::size_t i = 0; i < live.unreached.size(); ++i) {
    if (std::optional<pinning::PinLeak> leak = generations.pins.end_unreached(*live.unreached[i])) {
      leak->hostage = hostage[i];
      generations.pins.report_leak(*leak);
    }
  }
}

}  // namespace pinlab::collector
