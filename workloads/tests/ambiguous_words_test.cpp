#include "workloads/ambiguous_words.hpp"

#include "workloads/pin_pressure.hpp"

#include <doctest/doctest.h>

#include <set>
#include <vector>

namespace pinlab::workloads::tests {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

collector::Options small_heap() {
  collector::Options options;
  options.heap_max = 4 * kMiB;
  options.heap_block = std::uint64_t{16} << 10U;
  options.nursery_size = kMiB / 4;
  options.verify = collector::VerifyLevel::full;
  options.verify_when = collector::VerifyWhen::before_after;
  return options;
}

/// The words as offsets in the heap.
std::vector<std::uint64_t> offsets(collector::Runtime& runtime) {
  std::vector<std::uint64_t> words;
  runtime.ambiguous().for_each(
      [&](heap::Address word) { words.push_back(word - runtime.heap().base()); });
  return words;
}

struct Drawn {
  std::vector<std::uint64_t> first;
  std::vector<std::uint64_t> second;
};

Drawn drawn(const AmbiguousOptions& options) {
  collector::Runtime runtime(small_heap());
  const AmbiguousWords words(runtime, options);
  const auto mutator = runtime.attach();
  Drawn result{offsets(runtime), {}};
  mutator->collect_young();
  result.second = offsets(runtime);
  return result;
}

TEST_CASE("so many words for each MiB, at offsets that the seed gives, anywhere in the blocks") {
  const Drawn one = drawn({.rate = 100 * heap::kBillion, .life = 1, .seed = 7});
  CHECK(one.first.size() == 400);
  CHECK(one.first == drawn({.rate = 100 * heap::kBillion, .life = 1, .seed = 7}).first);
  CHECK(one.first != drawn({.rate = 100 * heap::kBillion, .life = 1, .seed = 8}).first);
  std::set<std::uint64_t> quarters;
  for (const std::uint64_t offset : one.first) {
    REQUIRE(offset < 4 * kMiB);
    quarters.insert(offset / kMiB);
  }
  CHECK(quarters.size() == 4);
  CHECK(drawn({.rate = heap::kBillion / 2}).first.size() == 2);
  CHECK(drawn({}).first.empty());
}

TEST_CASE("words are drawn anew as often as they are said to last") {
  for (const std::uint64_t life : {1U, 4U, 1000000U}) {
    CAPTURE(life);
    const Drawn two = drawn({.rate = 250 * heap::kBillion, .life = life});
    std::uint64_t changed = 0;
    for (std::size_t i = 0; i < two.first.size(); ++i) {
      changed += two.first[i] != two.second[i] ? 1U : 0U;
    }
    const std::uint64_t expected = two.first.size() / life;
    CHECK(changed >= expected - expected / 4);
    CHECK(changed <= expected + expected / 4);
  }
}

TEST_CASE("pin.parents marks so many of the objects, and those with slots hold their children") {
  collector::Runtime runtime(small_heap());
  const auto mutator = runtime.attach();
  PinPressure pins(runtime, {.parents = heap::kBillion / 10});
  CHECK(pins.enabled());
  std::vector<std::uint32_t> globals;
  std::uint64_t marked = 0;
  for (unsigned i = 0; i < 2000; ++i) {
    const heap::ObjectRef child = mutator->allocate({.references = 0, .bytes = 24});
    const heap::ObjectRef parent = mutator->allocate({.references = 1, .bytes = 8}, child);
    static_cast<void>(pins.born(parent));
    globals.push_back(runtime.globals().add(parent));
    marked += runtime.pins().parents().is_marked(parent) ? 1U : 0U;
  }
  CHECK(marked > 150);
  CHECK(marked < 250);
  CHECK(pins.held() == 0);
  std::vector<heap::ObjectRef> children;
  for (const std::uint32_t global : globals) {
    children.push_back(runtime.globals().get(global).load(0));
  }
  mutator->collect_full(collector::CompactEffort::exhaustive);
  for (std::size_t i = 0; i < globals.size(); ++i) {
    const heap::ObjectRef parent = runtime.globals().get(globals[i]);
    if (runtime.pins().parents().is_marked(parent)) {
      REQUIRE(parent.load(0) == children[i]);
    }
  }
}

}  // namespace
}  // namespace pinlab::workloads::tests
