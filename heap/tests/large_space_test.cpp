// The space of large objects against a map of what is in use: first fit by address, whole pages.
#include "heap/large_space.hpp"
#include "heap/reservation.hpp"
#include "heap/support/random.hpp"

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <vector>

namespace pinlab::heap::tests {
namespace {

constexpr std::size_t kSpan = std::size_t{4} << 20U;

/// Where first fit puts `bytes` among the objects, or nothing where the span has no such hole.
std::optional<Address> first_fit(const std::map<Address, std::size_t>& objects,
                                 AddressRange span,
                                 std::size_t bytes) {
  Address base = span.base;
  for (const auto& [address, footprint] : objects) {
    if (address - base >= bytes) {
      return base;
    }
    base = address + footprint;
  }
  return span.limit - base >= bytes ? std::optional(base) : std::nullopt;
}

bool is_zero(ObjectRef object) {
  for (Address a = object.slot(0); a < object.range().limit; a += kGranuleBytes) {
    if (a.word() != 0) {
      return false;
    }
  }
  return true;
}

void scribble(ObjectRef object) {
  for (Address a = object.slot(0); a < object.range().limit; a += kGranuleBytes) {
    a.word() = ~std::uintptr_t{0};
  }
}

TEST_CASE("large objects lie on pages of their own, the lowest that are free") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    const Reservation memory(kSpan, kPageBytes);
    LargeSpace space(memory.range());
    std::map<Address, std::size_t> model;
    Random random(seed);
    for (unsigned step = 0; step < 1200; ++step) {
      if (random.below(5) < 3) {
        const Shape shape{static_cast<std::uint32_t>(random.below(9)),
                          1 + random.below(random.below(10) == 0 ? kSpan / 3 : 60000)};
        const std::size_t footprint = LargeSpace::footprint(shape.object_bytes());
        REQUIRE(footprint % kPageBytes == 0);
        REQUIRE(footprint - shape.object_bytes() < kPageBytes);
        const std::optional<Address> expected = first_fit(model, memory.range(), footprint);
        const std::optional<ObjectRef> object = space.allocate(shape);
        REQUIRE(object.has_value() == expected.has_value());
        if (object) {
          REQUIRE(object->address() == *expected);
          REQUIRE(object->bytes() == shape.object_bytes());
          REQUIRE(object->references() == shape.references);
          REQUIRE(is_zero(*object));
          scribble(*object);
          model.emplace(object->address(), footprint);
        }
      } else if (!model.empty()) {
        const auto victim =
            std::next(model.begin(), static_cast<std::ptrdiff_t>(random.below(model.size())));
        space.release(ObjectRef(victim->first));
        model.erase(victim);
      }
      std::uint64_t bytes = 0;
      for (const auto& [address, footprint] : model) {
        bytes += footprint;
      }
      REQUIRE(space.bytes() == bytes);
      REQUIRE(space.objects() == model);
    }
  }
}

TEST_CASE("an address on an object's pages leads to it, any other to nothing") {
  const Reservation memory(kSpan, kPageBytes);
  LargeSpace space(memory.range());
  const Shape shape{0, 3 * kPageBytes};
  const ObjectRef low = space.allocate(shape).value();
  const ObjectRef middle = space.allocate(shape).value();
  const ObjectRef high = space.allocate(shape).value();
  space.release(middle);
  const std::size_t footprint = LargeSpace::footprint(shape.object_bytes());
  CHECK(space.object_containing(low.address()) == low);
  CHECK(space.object_containing(low.address() + footprint - 1) == low);
  CHECK(!space.object_containing(middle.address()));
  CHECK(!space.object_containing(high.address() - 1));
  CHECK(space.object_containing(high.address()) == high);
  CHECK(!space.object_containing(high.address() + footprint));
  CHECK(!space.object_containing(memory.range().base - 1));
}

}  // namespace
}  // namespace pinlab::heap::tests
