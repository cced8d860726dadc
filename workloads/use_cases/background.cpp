#include "workloads/use_cases/background.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pinlab::workloads {

namespace {

/// So many of a million objects have at most so many bytes.
struct SizeShare {
  std::uint32_t share;
  std::uint32_t most;
};
constexpr auto kSizes = std::to_array<SizeShare>({
    {81'000, 16},
    {488'000, 24},
    {668'000, 32},
    {741'000, 40},
    {820'000, 48},
    {885'000, 56},
    {903'000, 64},
    {948'000, 96},
    {957'000, 128},
    {982'000, 192},
    {988'000, 256},
    {992'600, 512},
    {994'900, 1024},
    {998'700, 4096},
    {999'300, 8192},
    {999'800, 32'768},
    {999'970, 65'536},
    {1'000'000, kMostObjectSize},
});
constexpr std::uint64_t kMillion = 1'000'000;
/// Of the table above, its classes filled uniformly: what it takes to guess how many objects are so
/// many bytes.
constexpr std::uint64_t kMeanBytes = 76;
/// One object in so many is kept.
constexpr std::uint64_t kKeptOneIn = 10;

std::uint64_t slots_for(std::uint64_t live) {
  return std::max<std::uint64_t>(live / (kMeanBytes + heap::kGranuleBytes), 1);
}

}  // namespace

std::uint64_t draw_object_size(heap::Random& random) {
  const std::uint64_t place = random.below(kMillion);
  std::uint64_t least = 8;
  for (const SizeShare& row : kSizes) {
    if (place < row.share) {
      return least + random.below(row.most - least + 1);
    }
    least = row.most + 1;
  }
  return least - 1;
}

Background::Background(collector::Mutator& mutator,
                       PinPressure* pins,
                       heap::Random random,
                       std::uint64_t live)
    : mutator_(mutator),
      pins_(pins != nullptr && pins->enabled() ? pins : nullptr),
      random_(random),
      slots_(slots_for(live)),
      table_(mutator, slots_),
      tokens_(pins_ != nullptr ? slots_ : 0) {
  for (std::uint64_t slot = 0; slot < slots_; ++slot) {
    table_.set(slot, mutator_.allocate({.references = 0, .bytes = draw_object_size(random_)}));
    if (pins_ != nullptr) {
      tokens_[slot] = pins_->born(table_.get(slot));
    }
  }
}

void Background::allocate_until(std::uint64_t clock) {
  while (mutator_.clock() < clock) {
    allocate();
  }
}

void Background::allocate() {
  const heap::ObjectRef object =
      mutator_.allocate({.references = 0, .bytes = draw_object_size(random_)});
  const bool kept = random_.below(kKeptOneIn) == 0;
  const std::uint64_t slot = kept ? random_.below(slots_) : 0;
  if (kept) {
    table_.set(slot, object);
  }
  if (pins_ != nullptr) {
    const PinToken token = pins_->born(object);
    pins_->dropped(kept ? std::exchange(tokens_[slot], token) : token);
  }
}

}  // namespace pinlab::workloads
