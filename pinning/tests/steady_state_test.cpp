// A pinner that is used again asks the system for nothing, and a pin that is refused keeps nothing:
// every allocation of this program is counted.
#include "heap/heap.hpp"
#include "pinning/shape.hpp"
#include "pinning/shapes/pinner.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

namespace {

std::atomic<std::uint64_t> allocations{0};
std::atomic<std::uint64_t> ends{0};

void* counted(std::size_t bytes, std::size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  void* const memory = std::aligned_alloc(alignment, (bytes + alignment - 1) & ~(alignment - 1));
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  return memory;
}

void end(void* memory) {
  ends.fetch_add(memory != nullptr ? 1 : 0, std::memory_order_relaxed);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t bytes) {
  return counted(bytes, alignof(std::max_align_t));
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  end(memory);
}
void operator delete(void* memory, std::size_t /*bytes*/) noexcept {
  end(memory);
}
void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept {
  end(memory);
}
void operator delete(void* memory, std::size_t /*bytes*/, std::align_val_t /*alignment*/) noexcept {
  end(memory);
}

namespace pinlab::pinning::tests {
namespace {

TEST_CASE("pins, second pins and unpins allocate nothing in steady state") {
  heap::Heap heap({std::uint64_t{4} << 20U, std::uint64_t{64} << 10U});
  PinRegistry registry(heap);
  const heap::AddressRange block = heap.range_of(*heap.take_block(heap::block_state::kOld));
  heap.prepare(block);
  std::vector<heap::ObjectRef> objects;
  for (heap::Address a = block.base; a < block.limit; a += 64) {
    a.word() = heap::Header(8, 0).word();
    heap.marks().set_start(a);
    objects.emplace_back(a);
  }
  const auto round = [&](Pinner& pinner, std::size_t pins) {
    for (std::size_t i = 0; i < pins; ++i) {
      pinner.pin(objects[i]);
      pinner.pin(objects[i]);
      REQUIRE(registry.is_pinned(objects[i]));
    }
    pinner.unpin();
  };
  Pinner few(registry);
  round(few, 1);  // the table of second pins has been made
  const std::uint64_t before_few = allocations.load();
  for (int i = 0; i < 1000; ++i) {
    round(few, 1);
  }
  CHECK(allocations.load() == before_few);

  Pinner many(registry);
  round(many, objects.size());
  CHECK(allocations.load() > before_few);  // the counter counts
  const std::uint64_t before_many = allocations.load();
  for (int i = 0; i < 10; ++i) {
    round(many, objects.size());
  }
  CHECK(allocations.load() == before_many);
}

TEST_CASE("pins that are refused leave no memory behind, of any shape") {
  const auto live = [] { return allocations.load() - ends.load(); };
  for (const heap::Named<PinShape>& entry : pin_shapes()) {
    heap::Heap heap({std::uint64_t{4} << 20U, std::uint64_t{64} << 10U});
    PinRegistry registry(heap);
    const std::unique_ptr<PinShape> shape = entry.make();
    shape->open(registry);
    CAPTURE(entry.name);
    const auto refused = [&](int pins) {
      std::uint64_t count = 0;
      for (int i = 0; i < pins; ++i) {
        try {
          shape->unpin(shape->pin({}, 0));
        } catch (const PinError&) {
          ++count;
        }
      }
      return count;
    };
    const bool refuses = refused(10) == 10;  // the others ignore null, and count it
    const std::uint64_t before = live();
    CHECK(refused(2000) == (refuses ? 2000 : 0));
    CHECK(live() == before);
  }
}

}  // namespace
}  // namespace pinlab::pinning::tests
