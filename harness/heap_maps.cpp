#include "harness/heap_maps.hpp"

#include <algorithm>
#include <chrono>

namespace pinlab::harness {

namespace {

bool is_prime(std::uint64_t n) {
  for (std::uint64_t d = 2; d * d <= n; ++d) {
    if (n % d == 0) {
      return false;
    }
  }
  return n > 1;
}

std::uint64_t prime_from(std::uint64_t n) {
  while (!is_prime(n)) {
    ++n;
  }
  return n;
}

/// Ascending, disjoint, what touches made one.
void join(std::vector<heap::AddressRange>& ranges) {
  std::ranges::sort(ranges, {}, &heap::AddressRange::base);
  std::vector<heap::AddressRange> joined;
  for (const heap::AddressRange& range : ranges) {
    if (!joined.empty() && range.base <= joined.back().limit) {
      joined.back().limit = std::max(joined.back().limit, range.limit);
    } else {
      joined.push_back(range);
    }
  }
  ranges = std::move(joined);
}

}  // namespace

std::vector<std::size_t> PrimeSampling::keep(std::uint64_t number) {
  kept_.push_back(number);
  std::vector<std::size_t> dropped;
  if (kept_.size() <= most_) {
    return dropped;
  }
  step_ = prime_from(2 * step_);
  std::vector<std::uint64_t> left;
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    if (left.empty() || kept_[i] / step_ != left.back() / step_) {
      left.push_back(kept_[i]);
    } else {
      dropped.push_back(i);
    }
  }
  kept_ = std::move(left);
  return dropped;
}

void HeapMaps::survived(heap::Block /*block*/, std::span<const collector::Survivor> survivors) {
  for (const collector::Survivor& survivor : survivors) {
    if (survivor.from == survivor.to) {
      continue;
    }
    if (!moved_.empty() && moved_.back().limit == survivor.to) {
      moved_.back().limit += survivor.bytes;
    } else {
      moved_.push_back({survivor.to, survivor.to + survivor.bytes});
    }
  }
}

void HeapMaps::paused(const collector::PauseReport& report) {
  const auto begin = std::chrono::steady_clock::now();
  const bool wanted = which_ == Which::all || report.kind == collector::PauseKind::full;
  if (wanted && sampling_.takes(seen_)) {
    join(moved_);
    collector::HeapMap map = collector::map_heap({.heap = runtime_.heap(),
                                                  .pins = runtime_.pins(),
                                                  .options = runtime_.options(),
                                                  .moved = moved_},
                                                 report);
    recorder_.keep_map(std::move(map), sampling_.keep(seen_));
  }
  seen_ += wanted ? 1U : 0U;
  moved_.clear();
  recorder_.measured(std::chrono::steady_clock::now() - begin);
}

}  // namespace pinlab::harness
