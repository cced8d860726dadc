// The listener that knows how old objects are, for record.survival. Objects have no date of birth,
// and get none: a table beside the heap follows each of them to where collections put it.
//
// Invariants: (1) between pauses every object that was there at the last one has one entry, at its
// address; (2) the age of an object is the bytes allocated since the collection that first saw it;
// (3) nothing here depends on an address but where the entry lies.
#pragma once

#include "collector/move_observer.hpp"
#include "collector/runtime.hpp"
#include "harness/recorder.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace pinlab::harness {

class Survival final : public collector::PauseObserver, public collector::MoveObserver {
 public:
  /// After the recorder in the runtime's list, which must not outlive either.
  Survival(collector::Runtime& runtime, Recorder& recorder);

  void paused(const collector::PauseReport& report) override;
  void survived(heap::Block block, std::span<const collector::Survivor> survivors) override;
  void step_ended() override;

 private:
  /// Objects that the same collection saw first.
  using Cohort = std::uint32_t;
  struct Entry {
    std::uint32_t granule;  ///< in its block
    Cohort cohort;
  };
  using Entries = std::vector<Entry>;

  void put(heap::Address object, Cohort cohort);
  /// Gives the objects of a block that have no entry one of the newest cohort, and takes away the
  /// entries that have no object.
  void look_at(heap::Block block);
  void look_at_large();
  void count_live();

  collector::Runtime& runtime_;
  Recorder& recorder_;
  std::vector<Entries> blocks_;
  std::vector<Entries> moved_;  ///< by block: what this step put there
  std::map<heap::Address, Cohort> large_;
  std::vector<std::uint64_t> ends_;  ///< of each cohort: the clock when it was first seen
  SurvivalFigures figures_;
};

}  // namespace pinlab::harness
