// What the sampled digests see and what they pass over, by the definitions in collector/digest.hpp.
#include "collector/plan.hpp"
#include "collector/tests/random_program.hpp"

#include <algorithm>
#include <cstring>
#include <set>

namespace pinlab::collector::tests {
namespace {

using heap::Address;
using heap::ObjectRef;

constexpr std::size_t kLinesPerSample = 251;

/// Whatever is allocated is born old and stays where it is.
Options without_nursery(std::uint64_t max = std::uint64_t{16} << 20U) {
  Options options;
  options.heap_max = max;
  options.nursery_size = 0;
  options.verify = VerifyLevel::full;
  return options;
}

/// Whether a change of one byte changes a digest; the byte is as before afterwards.
struct Seen {
  bool heap;
  bool graph;
};
Seen seen(Runtime& runtime, Mutator& mutator, std::byte& byte) {
  const Digests before = runtime.sampled_digests(mutator);
  byte ^= std::byte{0x40};
  const Digests now = runtime.sampled_digests(mutator);
  byte ^= std::byte{0x40};
  CHECK(runtime.sampled_digests(mutator).heap == before.heap);
  return {now.heap != before.heap, now.graph != before.graph};
}

TEST_CASE("a sampled digest sees where each old object starts and ends") {
  // Only the places of two dead objects differ, and none of them is read.
  const auto digests_of = [](std::size_t first, std::size_t second) {
    Runtime runtime(without_nursery());
    const auto mutator = runtime.attach();
    Root kept(*mutator, mutator->allocate({.references = 1, .bytes = 600}));
    static_cast<void>(mutator->allocate({.references = 0, .bytes = first}));
    static_cast<void>(mutator->allocate({.references = 0, .bytes = second}));
    return runtime.sampled_digests(*mutator);
  };
  std::set<std::uint64_t> heaps;
  for (std::size_t first = 0; first <= 160; first += heap::kGranuleBytes) {
    heaps.insert(digests_of(first, 160 - first).heap);
    CHECK(digests_of(first, 160 - first).heap == digests_of(first, 160 - first).heap);
    CHECK(digests_of(first, 160 - first).graph == digests_of(0, 160).graph);
  }
  heaps.insert(digests_of(0, 168).heap);  // starts as the first of these, and ends later
  CHECK(heaps.size() == 22);
}

TEST_CASE("a sampled digest reads the first object of one line in 251, to its last byte") {
  Runtime runtime(without_nursery());
  const auto mutator = runtime.attach();
  constexpr std::size_t kObjects = 20'000;
  constexpr std::size_t kBytes = 320;
  Root list(*mutator);
  std::vector<ObjectRef> objects;
  for (std::size_t i = 0; i < kObjects; ++i) {
    const ObjectRef next = mutator->allocate({.references = 1, .bytes = kBytes});
    std::ranges::fill(next.payload(), std::byte{0});
    mutator->store(next, 0, list.get());
    list.set(next);
    objects.push_back(next);
  }
  std::ranges::sort(objects, {}, &ObjectRef::address);
  const auto line_of = [&](ObjectRef object) {
    return (object.address() - runtime.heap().base()) / heap::kLineBytes;
  };
  std::set<std::size_t> chosen;  // as many as there are lines to choose
  for (std::size_t i = 0; i < kObjects; ++i) {
    const bool expected = line_of(objects[i]) % kLinesPerSample == 0 &&
                          (i == 0 || line_of(objects[i - 1]) != line_of(objects[i]));
    if (expected) {
      chosen.insert(i);
    } else if (i % 97 != 0) {
      continue;  // of those that are passed over, some
    }
    CAPTURE(i);
    for (const std::size_t byte : {std::size_t{0}, std::size_t{100}, kBytes - 1}) {
      CHECK(seen(runtime, *mutator, objects[i].payload()[byte]).heap == expected);
    }
  }
  CHECK(chosen.size() >= kObjects * kBytes / heap::kLineBytes / kLinesPerSample);
  // References count as offsets.
  const std::size_t one = *chosen.begin();
  const Digests before = runtime.sampled_digests(*mutator);
  const ObjectRef next = objects[one].load(0);
  mutator->store(objects[one], 0, objects[one]);
  CHECK(runtime.sampled_digests(*mutator).heap != before.heap);
  mutator->store(objects[one], 0, next);
  CHECK(runtime.sampled_digests(*mutator).heap == before.heap);
}

TEST_CASE("of what is longer than 4 KiB one line in 61 is read") {
  Runtime runtime(without_nursery(std::uint64_t{64} << 20U));
  const auto mutator = runtime.attach();
  constexpr std::size_t kBytes = std::size_t{1} << 20U;
  Root large(*mutator, mutator->allocate({.references = 0, .bytes = kBytes}));
  std::size_t lines = 0;
  for (std::size_t i = 0; i < kBytes; i += heap::kLineBytes) {
    const bool expected = i < 4096 || (i - 4096) / heap::kLineBytes % 61 == 0;
    lines += expected ? 1U : 0U;
    const Seen first = seen(runtime, *mutator, large.get().payload()[i]);
    const Seen last = seen(runtime, *mutator, large.get().payload()[i + heap::kLineBytes - 1]);
    REQUIRE(first.heap == expected);
    REQUIRE(last.heap == expected);
    REQUIRE(first.graph == expected);
    REQUIRE(last.graph == expected);
  }
  CHECK(lines == 8 + 2040 / 61 + 1);
}

constexpr std::size_t kLargeBytes = std::size_t{40} << 10U;

TEST_CASE("large objects are read by rank where there are many") {
  Runtime runtime(without_nursery(std::uint64_t{64} << 20U));
  const auto mutator = runtime.attach();
  constexpr std::size_t kObjects = 300;  // so that one in three is read
  Root table(*mutator, mutator->allocate({.references = kObjects, .bytes = 0}));
  for (std::size_t i = 0; i < kObjects; ++i) {
    mutator->store(table.get(), i, mutator->allocate({.references = 0, .bytes = kLargeBytes}));
  }
  std::size_t rank = 0;
  for (const auto& [base, footprint] : runtime.heap().large().objects()) {
    REQUIRE(seen(runtime, *mutator, ObjectRef(base).payload()[0]).heap == (rank++ % 3 == 0));
  }
}

TEST_CASE("large objects that are not read are seen by their places and sizes") {
  // The last of them stands for all; what refers to it is no object, whose references might be
  // read.
  const auto digests_of = [](std::size_t before_last, std::size_t last) {
    Runtime runtime(without_nursery(std::uint64_t{64} << 20U));
    const auto mutator = runtime.attach();
    constexpr std::size_t kObjects = 300;
    Root table(*mutator, mutator->allocate({.references = kObjects, .bytes = 0}));
    for (std::size_t i = 0; i + 1 < kObjects; ++i) {
      mutator->store(table.get(), i, mutator->allocate({.references = 0, .bytes = kLargeBytes}));
    }
    static_cast<void>(mutator->allocate({.references = 0, .bytes = before_last}));
    const Root kept(*mutator, mutator->allocate({.references = 0, .bytes = last}));
    mutator->collect_full();
    CHECK(runtime.heap().large().objects().size() == kObjects);
    return runtime.sampled_digests(*mutator).heap;
  };
  const std::uint64_t one = digests_of(kLargeBytes, kLargeBytes);
  CHECK(digests_of(kLargeBytes, kLargeBytes) == one);
  CHECK(digests_of(2 * kLargeBytes, kLargeBytes) != one);
  CHECK(digests_of(kLargeBytes, kLargeBytes + heap::kPageBytes) != one);
}

TEST_CASE("the first objects of each nursery block are seen, and the first is read") {
  Options options = without_nursery();
  options.nursery_size = std::uint64_t{4} << 20U;
  Runtime runtime(options);
  const auto mutator = runtime.attach();
  std::vector<ObjectRef> objects;
  for (std::size_t i = 0; i < 2000; ++i) {
    objects.push_back(mutator->allocate({.references = 0, .bytes = 120}));
    std::ranges::fill(objects.back().payload(), std::byte{0});
  }
  CHECK(runtime.collections() == 0);
  std::size_t read = 0;
  for (std::size_t i = 0; i < objects.size(); i += 1) {
    const bool first =
        runtime.heap().range_of(runtime.heap().block_of(objects[i].address())).base ==
        objects[i].address();
    if (first || i % 50 == 0) {
      read += first ? 1U : 0U;
      CHECK(seen(runtime, *mutator, objects[i].payload()[119]).heap == first);
    }
  }
  CHECK(read == 4);
  const Digests before = runtime.sampled_digests(*mutator);
  const heap::Header header = objects[1].header();
  objects[1].set_header(heap::Header(8, 0));  // half of it, and a smaller one behind it
  objects[1].payload()[56] = std::byte{0};
  (objects[1].address() + 64).word() = heap::Header(8, 0).word();
  CHECK(runtime.sampled_digests(*mutator).heap != before.heap);
  (objects[1].address() + 64).word() = 0;
  objects[1].set_header(header);
  CHECK(runtime.sampled_digests(*mutator).heap == before.heap);
}

/// A table of 3,000 slots, each with a list of two, that lasts; around it garbage and pins.
Digests table_under(const Options& options, std::uint64_t garbage, std::size_t changed = 6000) {
  Runtime runtime(options);
  const auto mutator = runtime.attach();
  constexpr std::uint32_t kSlots = 3000;
  Root table(*mutator, mutator->allocate({.references = kSlots, .bytes = 8}));
  Root second(*mutator);
  heap::Random random(garbage);
  for (std::uint32_t i = 0; i < kSlots; ++i) {
    const auto make = [&](std::size_t number) {
      const ObjectRef made = mutator->allocate({.references = 1, .bytes = 16});
      std::ranges::fill(made.payload(), std::byte{0});
      made.payload()[9] = std::byte{number == changed ? std::uint8_t{1} : std::uint8_t{0}};
      return made;
    };
    second.set(make(2 * i + 1));
    const ObjectRef first = make(2 * i);
    mutator->store(first, 0, second.get());
    mutator->store(table.get(), i, first);
    for (std::uint64_t dead = random.below(6); garbage > 0 && dead > 0; --dead) {
      static_cast<void>(mutator->allocate({.references = 0, .bytes = random.below(300)}));
    }
  }
  return runtime.sampled_digests(*mutator);
}

TEST_CASE("the sampled graph is the same under every plan, route and reuse, wherever it lies") {
  Options options = without_nursery(std::uint64_t{4} << 20U);
  options.heap_block = std::uint64_t{16} << 10U;
  const Digests reference = table_under(options, 0);
  const auto compare = [&](const Options& these) {
    CHECK(table_under(these, 1).graph == reference.graph);
  };
  CHECK(table_under(options, 1).heap != reference.heap);
  options.nursery_size = std::uint64_t{128} << 10U;
  for (const auto& plan : plans()) {
    CAPTURE(plan.name);
    Options these = options;
    these.plan = plan.name;
    compare(these);
  }
  for (const auto& nursery : nursery_routes()) {
    for (const auto& old : old_routes()) {
      CAPTURE(nursery.name);
      CAPTURE(old.name);
      Options these = options;
      these.nursery_route = nursery.name;
      these.old_route = old.name;
      compare(these);
    }
  }
}

TEST_CASE(
    "the sampled graph follows some references of each object, and ends after 1,024 objects") {
  const Options options = without_nursery();
  const Digests reference = table_under(options, 0);
  // 3,000 / 512 is 5: every sixth slot is followed, and what it leads to has the numbers 2 to 501;
  // the 500 objects behind these follow.
  for (std::size_t i = 0; i < 60; ++i) {
    CAPTURE(i);
    CHECK((table_under(options, 0, i).graph != reference.graph) == (i / 2 % 6 == 0));
  }
  // A list is followed for 1,024 objects.
  Runtime runtime(options);
  const auto mutator = runtime.attach();
  Root list(*mutator);
  for (std::size_t i = 0; i < 1100; ++i) {
    const ObjectRef next = mutator->allocate({.references = 1, .bytes = 8});
    std::ranges::fill(next.payload(), std::byte{0});
    mutator->store(next, 0, list.get());
    list.set(next);
  }
  ObjectRef object = list.get();
  for (std::size_t i = 1; i <= 1100; ++i, object = object.load(0)) {
    CAPTURE(i);
    CHECK(seen(runtime, *mutator, object.payload()[7]).graph == (i <= 1024));
  }
}

TEST_CASE("a sampled digest of a small heap is not the full one") {
  RandomProgram program(without_nursery(), {.seed = 3, .steps = 200});
  program.run();
  const Digests full = program.runtime().digests(program.mutator());
  const Digests sampled = program.runtime().sampled_digests(program.mutator());
  CHECK(sampled.heap != full.heap);
  CHECK(sampled.graph != full.graph);
}

}  // namespace
}  // namespace pinlab::collector::tests
