// What a program may rely on when it allocates and stores.
#include "collector/runtime.hpp"

#include <doctest/doctest.h>

#include <cstring>

namespace pinlab::collector::tests {
namespace {

using heap::Address;
using heap::ObjectRef;

constexpr std::uint64_t kKiB = 1024;

Options small(std::uint64_t nursery) {
  Options options;
  options.heap_max = 1024 * kKiB;
  options.heap_block = 16 * kKiB;
  options.nursery_size = nursery;
  options.verify = VerifyLevel::full;
  options.verify_when = VerifyWhen::before_after;
  return options;
}

void fill(ObjectRef object, int value) {
  const Address bytes = object.slot(object.references());
  std::memset(bytes.as<void>(), value, object.range().limit - bytes);
}

bool is_filled(ObjectRef object, unsigned char value) {
  const Address bytes = object.slot(object.references());
  for (Address a = bytes; a < object.range().limit; a += 1) {
    if (*a.as<unsigned char>() != value) {
      return false;
    }
  }
  return true;
}

TEST_CASE("a new object is null and zero, whatever lay there before") {
  for (const std::uint64_t nursery : {std::uint64_t{0}, 64 * kKiB}) {
    CAPTURE(nursery);
    Runtime runtime(small(nursery));
    const std::unique_ptr<Mutator> mutator = runtime.attach();
    for (std::uint32_t i = 0; i < 20000; ++i) {
      const heap::Shape shape{i % 3, i % 150};
      const ObjectRef object = mutator->allocate(shape);
      for (std::uint32_t slot = 0; slot < shape.references; ++slot) {
        REQUIRE(!object.load(slot));
      }
      REQUIRE(is_filled(object, 0));
      fill(object, 0xA5);
    }
    CHECK(runtime.collections() > 0);
  }
}

TEST_CASE("references given to a new object are current, whatever its allocation moved") {
  for (const std::uint64_t nursery : {std::uint64_t{0}, 64 * kKiB}) {
    CAPTURE(nursery);
    Runtime runtime(small(nursery));
    const std::unique_ptr<Mutator> mutator = runtime.attach();
    Root chain(*mutator);
    unsigned length = 0;
    for (unsigned i = 0; i < 30000; ++i) {
      // Sizes that let either allocation be the one that collects.
      const ObjectRef leaf = mutator->allocate({.references = 0, .bytes = 16 + i % 7 * 8});
      fill(leaf, 0x5A);
      if (length == 200) {
        chain.set({});
        length = 0;
      }
      // Both are held by nothing but the call; the second slot is left out.
      chain.set(mutator->allocate({.references = 3, .bytes = 8}, chain.get(), leaf));
      ++length;
      REQUIRE(!chain.get().load(2));
      REQUIRE(is_filled(chain.get().load(1), 0x5A));
    }
    unsigned found = 0;
    for (ObjectRef link = chain.get(); link; link = link.load(0)) {
      REQUIRE(is_filled(link.load(1), 0x5A));
      ++found;
    }
    CHECK(found == length);
    CHECK(runtime.collections() > 0);
  }
}

TEST_CASE("a new old object's first references to young ones lie on dirty cards") {
  Options options = small(64 * kKiB);
  options.nursery_route = "fragments";
  options.nursery_variants.cramped = Cramped::degraded;
  Runtime runtime(options);
  const std::unique_ptr<Mutator> mutator = runtime.attach();
  // Islands fill the nursery and stay young: what comes next is born old.
  pinning::PinSet pins(runtime.pins(), pinning::Liveness::strong);
  std::vector<ObjectRef> held;
  for (unsigned i = 0; i < 32; ++i) {
    held.push_back(mutator->allocate({.references = 0, .bytes = 1900}));
    fill(held.back(), 0x5A);
    pins.pin(held.back(), pinning::SiteId{});
  }
  Root chain(*mutator);
  unsigned old_to_young = 0;
  for (unsigned i = 0; i < 1500; ++i) {
    const ObjectRef young = held[i % held.size()];
    chain.set(mutator->allocate({.references = 2, .bytes = 8}, chain.get(), young));
    const bool crosses =
        !runtime.heap().is_young(chain.get().address()) && runtime.heap().is_young(young.address());
    old_to_young += crosses ? 1 : 0;
    if (i % 100 == 99) {
      mutator->collect_young();  // the verifier looks at the cards before
    }
  }
  CHECK(old_to_young > 500);
  unsigned found = 0;
  for (ObjectRef link = chain.get(); link; link = link.load(0)) {
    REQUIRE(is_filled(link.load(1), 0x5A));
    ++found;
  }
  CHECK(found == 1500);
}

}  // namespace
}  // namespace pinlab::collector::tests
