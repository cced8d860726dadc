// Plans of moves by themselves: made from itineraries that no route asks for, checked, and broken.
#include "collector/move_plan.hpp"

#include "collector/runtime.hpp"

#include <doctest/doctest.h>

#include <string>

namespace pinlab::collector::tests {
namespace {

using heap::Address;
using heap::Block;

constexpr std::size_t kBlock = std::size_t{16} << 10U;

/// Four blocks, the first three in use; objects are put in by hand.
class Blocks {
 public:
  Blocks() {
    for (unsigned i = 0; i < 3; ++i) {
      static_cast<void>(heap_.take_block(heap::block_state::kOld));
    }
  }

  [[nodiscard]] heap::Heap& heap() { return heap_; }
  [[nodiscard]] const LiveSet& live() const { return live_; }
  [[nodiscard]] Address at(std::uint32_t block, std::size_t offset) const {
    return heap_.range_of(Block{block}).base + offset;
  }

  void put(std::uint32_t block, std::size_t offset, std::size_t bytes) {
    const Address object = at(block, offset);
    object.word() = heap::Header(bytes / heap::kGranuleBytes, 0).word();
    heap_.marks().set_start(object);
    heap_.marks().set_live({object, object + bytes});
    live_.largest = std::max(live_.largest, bytes);
  }

  [[nodiscard]] MovePlan plan(Itinerary itinerary, IslandList islands = {}) {
    return plan_moves(heap_, live_, std::move(itinerary),
                      IslandMap(heap_, std::move(islands)), {8, 8});
  }

 private:
  heap::Heap heap_{heap::HeapConfig{4 * kBlock, kBlock}};
  LiveSet live_;
};

std::string complaint_of(const heap::Heap& heap, const MovePlan& plan) {
  try {
    check_plan(heap, plan);
  } catch (const VerificationFailed& failure) {
    return failure.what();
  }
  return {};
}

TEST_CASE("a block that is still to be emptied takes nothing in, and its objects slide in it") {
  Blocks blocks;
  blocks.put(0, 800, 80);
  blocks.put(1, 4000, 160);
  blocks.put(1, 6000, 80);
  Itinerary itinerary;
  itinerary.sources = {Block{0}, Block{1}};
  itinerary.destinations = {Block{1}};
  itinerary.fit = Fit::first;
  const MovePlan plan = blocks.plan(itinerary);
  check_plan(blocks.heap(), plan);
  const Forwarding forward(blocks.heap(), plan);
  CHECK(forward(blocks.at(0, 800)) == blocks.at(0, 800));
  CHECK(forward(blocks.at(1, 4000)) == blocks.at(1, 0));
  CHECK(forward(blocks.at(1, 6000)) == blocks.at(1, 160));
  REQUIRE(plan.stays.size() == 1);
  CHECK(plan.stays[0] == heap::AddressRange{blocks.at(0, 800), blocks.at(0, 880)});
}

TEST_CASE("what was emptied before takes in what comes after, in any order of blocks") {
  Blocks blocks;
  blocks.put(2, 8000, 400);
  blocks.put(0, 0, 4000);
  blocks.put(0, 8000, 4000);
  Itinerary itinerary;
  itinerary.sources = {Block{2}, Block{0}};
  itinerary.destinations = {Block{2}, Block{0}};
  const MovePlan plan = blocks.plan(itinerary);
  check_plan(blocks.heap(), plan);
  const Forwarding forward(blocks.heap(), plan);
  CHECK(forward(blocks.at(2, 8000)) == blocks.at(2, 0));
  CHECK(forward(blocks.at(0, 0)) == blocks.at(2, 400));
  CHECK(forward(blocks.at(0, 8000)) == blocks.at(2, 4400));
  CHECK(plan.keeps == std::vector<std::uint8_t>{1, 0});
}

TEST_CASE("gaps of other blocks and free blocks are filled between what lives there") {
  Blocks blocks;
  blocks.put(0, 0, 600);
  blocks.put(0, 600, 16);
  blocks.put(1, 512, kBlock - 512);
  Itinerary itinerary;
  itinerary.sources = {Block{0}};
  itinerary.destinations = {Block{1}, Block{3}};
  itinerary.fit = Fit::first;
  const MovePlan plan = blocks.plan(itinerary);
  check_plan(blocks.heap(), plan);
  const Forwarding forward(blocks.heap(), plan);
  CHECK(forward(blocks.at(0, 0)) == blocks.at(3, 0));
  CHECK(forward(blocks.at(0, 600)) == blocks.at(1, 0));
  CHECK(plan.refilled == DestinationList{Block{1}});
}

TEST_CASE("best fit moves runs as wholes to the smallest power of two that holds them") {
  Blocks blocks;
  blocks.put(0, 0, 48);  // a run of 96 bytes: in 128 to 255
  blocks.put(0, 48, 48);
  blocks.put(0, 1000, 24);
  for (const auto& [base, limit] : {std::pair{0, 1024}, {1184, 1448}, {1488, kBlock}}) {
    blocks.put(1, static_cast<std::size_t>(base), static_cast<std::size_t>(limit - base));
  }  // gaps of 160 and 40
  Itinerary itinerary;
  itinerary.sources = {Block{0}};
  itinerary.destinations = {Block{1}};
  itinerary.fit = Fit::best;
  const MovePlan plan = blocks.plan(itinerary);
  check_plan(blocks.heap(), plan);
  const Forwarding forward(blocks.heap(), plan);
  CHECK(forward(blocks.at(0, 0)) == blocks.at(1, 1024));
  CHECK(forward(blocks.at(0, 48)) == blocks.at(1, 1072));
  CHECK(forward(blocks.at(0, 1000)) == blocks.at(1, 1448));
}

TEST_CASE("a plan that counts wrong or writes over what is still to come is refused") {
  Blocks blocks;
  blocks.put(0, 512, 96);
  blocks.put(1, 512, 64);
  blocks.put(2, 512, 80);
  const Itinerary itinerary{.sources = {Block{0}, Block{1}, Block{2}},
                            .destinations = {Block{0}, Block{1}, Block{2}}};
  MovePlan plan = blocks.plan(itinerary);
  CHECK(complaint_of(blocks.heap(), plan).empty());

  plan.gaps[0].filled += 8;
  CHECK(complaint_of(blocks.heap(), plan).starts_with("I0"));
  plan.gaps[0].filled = plan.gaps[0].filled - 8;

  plan.largest = 8;  // as if a gap had been closed too early
  plan.last_used_gap = 1;
  CHECK(complaint_of(blocks.heap(), plan).starts_with("I1"));
  plan.largest = 96;
  plan.last_used_gap = 0;

  // The first object goes to the third block, which nobody emptied.
  const auto granules = [&](Address a) {
    return static_cast<std::uint32_t>((a - blocks.heap().base()) / heap::kGranuleBytes);
  };
  blocks.heap().line_offset(blocks.at(0, 512)) = granules(blocks.at(2, 0));
  blocks.heap().line_offset(blocks.at(1, 512)) = granules(blocks.at(0, 0));
  blocks.heap().line_offset(blocks.at(2, 512)) = granules(blocks.at(0, 64));
  plan.gaps[0].filled = blocks.at(0, 144);
  plan.gaps[2].filled = blocks.at(2, 96);
  CHECK(complaint_of(blocks.heap(), plan).starts_with("a destination passes its source"));
}

TEST_CASE("a plan that is only counted leaves every bit as it was") {
  Blocks blocks;
  blocks.put(0, 512, 96);
  blocks.put(1, 512, 64);
  Itinerary itinerary;
  itinerary.sources = {Block{0}, Block{1}};
  itinerary.destinations = {Block{3}};
  itinerary.fit = Fit::first;
  CHECK(plan_used_blocks(blocks.heap(), blocks.live(), itinerary, {}, {8, 8}).size() == 1);
  CHECK(blocks.heap().marks().is_live(blocks.at(0, 512)));
  CHECK(blocks.heap().marks().is_live(blocks.at(1, 512)));
  CHECK(blocks.heap().state(Block{0}) == heap::block_state::kOld);
  CHECK(blocks.heap().state(Block{3}) == heap::block_state::kFree);
}

}  // namespace
}  // namespace pinlab::collector::tests
