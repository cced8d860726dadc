#include "harness/survival.hpp"

#include "collector/walk.hpp"

#include <algorithm>
#include <bit>
#include <chrono>

namespace pinlab::harness {

using collector::PauseReport;
using heap::Address;
using heap::Block;
using heap::ObjectRef;

namespace {

std::size_t bin_of(std::uint64_t age) {
  return age == 0 ? 0 : static_cast<std::size_t>(std::bit_width(age)) - 1;
}

void add_to_bin(std::vector<std::uint64_t>& bins, std::size_t bin, std::uint64_t bytes) {
  bins.resize(std::max(bins.size(), bin + 1));
  bins[bin] += bytes;
}

}  // namespace

Survival::Survival(collector::Runtime& runtime, Recorder& recorder)
    : runtime_(runtime),
      recorder_(recorder),
      blocks_(runtime.heap().block_count()),
      moved_(runtime.heap().block_count()) {
  recorder_.keep_survival(figures_);
}

void Survival::put(Address object, Cohort cohort) {
  const heap::Heap& heap = runtime_.heap();
  const Block block = heap.block_of(object);
  const std::size_t offset = object - heap.range_of(block).base;
  moved_[heap::index_of(block)].push_back(
      {static_cast<std::uint32_t>(offset / heap::kGranuleBytes), cohort});
}

void Survival::survived(Block block, std::span<const collector::Survivor> survivors) {
  const auto newest = static_cast<Cohort>(ends_.size());
  Entries& entries = blocks_[heap::index_of(block)];
  const Address base = runtime_.heap().range_of(block).base;
  auto entry = entries.cbegin();
  for (const collector::Survivor& survivor : survivors) {
    const std::size_t granule = (survivor.from - base) / heap::kGranuleBytes;
    while (entry != entries.cend() && entry->granule < granule) {
      ++entry;
    }
    const bool known = entry != entries.cend() && entry->granule == granule;
    put(survivor.to, known ? entry->cohort : newest);
  }
  entries.clear();
}

void Survival::step_ended() {
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    if (!moved_[i].empty()) {
      blocks_[i].insert(blocks_[i].end(), moved_[i].begin(), moved_[i].end());
      std::ranges::sort(blocks_[i], {}, &Entry::granule);
      moved_[i].clear();
    }
  }
}

void Survival::look_at(Block block) {
  const auto newest = static_cast<Cohort>(ends_.size());
  Entries& entries = blocks_[heap::index_of(block)];
  const heap::Heap& heap = runtime_.heap();
  if (heap.state(block) == heap::block_state::kFree) {
    entries.clear();
    return;
  }
  const Address base = heap.range_of(block).base;
  Entries now;
  now.reserve(entries.size());
  auto entry = entries.cbegin();
  collector::for_each_object(heap, block, [&](ObjectRef object) {
    const auto granule =
        static_cast<std::uint32_t>((object.address() - base) / heap::kGranuleBytes);
    while (entry != entries.cend() && entry->granule < granule) {
      ++entry;
    }
    const bool known = entry != entries.cend() && entry->granule == granule;
    now.push_back({granule, known ? entry->cohort : newest});
  });
  entries = std::move(now);
}

void Survival::look_at_large() {
  std::map<Address, Cohort> now;
  for (const auto& [base, bytes] : runtime_.heap().large().objects()) {
    const auto known = large_.find(base);
    now.emplace_hint(now.end(), base,
                     known == large_.end() ? static_cast<Cohort>(ends_.size()) : known->second);
  }
  large_ = std::move(now);
}

void Survival::count_live() {
  const heap::Heap& heap = runtime_.heap();
  std::vector<std::uint64_t> live(ends_.size());
  for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
    const Address base = heap.range_of(Block{i}).base;
    for (const Entry& entry : blocks_[i]) {
      live[entry.cohort] += ObjectRef(base + entry.granule * heap::kGranuleBytes).bytes();
    }
  }
  for (const auto& [base, cohort] : large_) {
    live[cohort] += ObjectRef(base).bytes();
  }
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    const std::size_t bin = bin_of(ends_.back() - ends_[i]);
    add_to_bin(figures_.allocated, bin, ends_[i] - before);
    add_to_bin(figures_.live, bin, live[i]);
    before = ends_[i];
  }
  ++figures_.collections;
}

void Survival::paused(const PauseReport& report) {
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint32_t i = 0; i < blocks_.size(); ++i) {
    look_at(Block{i});
  }
  look_at_large();
  ends_.push_back(report.clock);
  if (report.kind == collector::PauseKind::full) {
    count_live();
    recorder_.keep_survival(figures_);
  }
  recorder_.measured(std::chrono::steady_clock::now() - begin);
}

}  // namespace pinlab::harness
