#include "workloads/ambiguous_words.hpp"

#include "heap/support/expects.hpp"
#include "heap/support/parameter.hpp"
#include "heap/support/wide.hpp"

namespace pinlab::workloads {

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr std::uint64_t kStream = 104;  ///< of the seed, apart from those of pins

}  // namespace

AmbiguousWords::AmbiguousWords(collector::Runtime& runtime, const AmbiguousOptions& options)
    : runtime_(runtime),
      life_(options.life),
      random_(heap::Random(options.seed).fork(kStream)) {
  EXPECTS(life_ > 0);
  const auto count = static_cast<std::uint64_t>(heap::Wide{options.rate} *
                                                runtime.heap().max_bytes() / kMiB / heap::kBillion);
  for (std::uint64_t i = 0; i < count; ++i) {
    words_.push_back(runtime.ambiguous().add(draw()));
  }
  if (count > 0) {
    runtime.add_observer(*this);
  }
}

void AmbiguousWords::paused(const collector::PauseReport& /*report*/) {
  for (const std::uint32_t word : words_) {
    if (random_.below(life_) == 0) {
      runtime_.ambiguous().set(word, draw());
    }
  }
}

std::uintptr_t AmbiguousWords::draw() {
  const heap::AddressRange blocks = runtime_.heap().blocks_range();
  return (blocks.base + random_.below(blocks.bytes())).value();
}

}  // namespace pinlab::workloads
