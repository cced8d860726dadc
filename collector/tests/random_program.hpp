// Random programs against a model: what a heap with plain std:: containers and no collector would
// hold.
//
// Every object carries its model number in its payload; after a collection both graphs are walked
// in lock-step from the roots, so that a lost, doubled or misdirected object shows itself.
#pragma once

#include "heap/support/random.hpp"
#include "pinning/pretenuring.hpp"
#include "collector/runtime.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace pinlab::collector::tests {

struct ProgramMix {
  std::uint64_t seed = 1;
  unsigned steps = 4000;
  unsigned pin_percent = 10;  ///< of new objects; 0: none is ever pinned
  unsigned large_permille = 2;
  unsigned collect_permille = 5;
  std::uint64_t most_payload = 600;
  unsigned plug_percent = 0;  ///< of new objects: parts of a block that leave next to nothing of it
  std::uint64_t live_target = 600;  ///< objects on roots
  /// Of steps: a word begins or ends to point into an object, or anywhere; or nobody can update an
  /// object's slots from now on.
  unsigned ambiguous_percent = 0;
};

class RandomProgram {
 public:
  RandomProgram(const Options& options, const ProgramMix& mix)
      : mix_(mix), runtime_(options), mutator_(runtime_.attach()), random_(mix.seed) {
    roots_.resize(mix.live_target);
    for (RootSlot& root : roots_) {
      root.global = runtime_.globals().add({});
    }
  }

  void run() {
    for (unsigned step = 0; step < mix_.steps; ++step) {
      act();
      if (mix_.ambiguous_percent > 0 && random_.below(100) < mix_.ambiguous_percent) {
        be_ambiguous();
      }
      if (random_.below(1000) < mix_.collect_permille) {
        collect();
      }
    }
    collect();
  }

  void compare() {
    std::unordered_map<std::uint64_t, std::uintptr_t> seen;
    std::vector<std::pair<heap::ObjectRef, std::uint64_t>> stack;
    const auto meet = [&](heap::ObjectRef object, std::uint64_t number) {
      REQUIRE(static_cast<bool>(object) == (number != 0));
      if (number == 0) {
        return;
      }
      const auto [entry, added] = seen.try_emplace(number, object.address().value());
      REQUIRE(entry->second == object.address().value());
      if (added) {
        stack.emplace_back(object, number);
      }
    };
    for (const RootSlot& root : roots_) {
      meet(runtime_.globals().get(root.global), root.number);
    }
    for (const Pin& pin : pins_) {
      meet(heap::ObjectRef(pin.address), pin.number);  // it is where it was pinned
    }
    for (const Word& word : words_) {
      meet(heap::ObjectRef(word.address), word.number);  // or where a word points into it
    }
    for (const WeakSlot& waiter : migrants_) {
      meet(runtime_.migrants().get(waiter.index), waiter.number);
    }
    while (!stack.empty()) {
      const auto [object, number] = stack.back();
      stack.pop_back();
      const Node& node = nodes_[number];
      REQUIRE(object.references() == node.references.size());
      REQUIRE(number_of(object) == number);
      for (std::size_t i = 0; i < node.references.size(); ++i) {
        meet(object.load(i), node.references[i]);
      }
    }
    for (const std::uint64_t number : marked_) {
      if (seen.contains(number)) {
        REQUIRE(runtime_.pins().marks().is_marked(heap::ObjectRef(heap::Address(seen[number]))));
      }
    }
    for (const WeakSlot& weak : weaks_) {
      const heap::ObjectRef object = runtime_.weaks().get(weak.index);
      if (seen.contains(weak.number)) {
        REQUIRE(object.address().value() == seen[weak.number]);
      } else if (object) {
        REQUIRE(number_of(object) == weak.number);
      }
    }
  }

  void collect() {
    switch (random_.below(3)) {
      case 0:
        mutator_->collect_young();
        break;
      case 1:
        mutator_->collect_full();
        break;
      default:
        mutator_->collect_full(CompactEffort::exhaustive);
        break;
    }
    compare();
    arrive();
  }

  /// Pins that waited for the pinned space and lie there, and those that lie elsewhere.
  [[nodiscard]] std::uint64_t arrived() const { return arrived_; }
  [[nodiscard]] std::uint64_t left_behind() const { return left_behind_; }

  [[nodiscard]] Runtime& runtime() { return runtime_; }
  [[nodiscard]] Mutator& mutator() { return *mutator_; }
  void unpin_everything() {
    pins_.clear();
    while (!words_.empty()) {
      end_word(words_.size() - 1);
    }
    for (const WeakSlot& waiter : migrants_) {
      runtime_.migrants().end(waiter.index);
    }
    migrants_.clear();
  }

 private:
  struct Node {
    std::vector<std::uint64_t> references;
  };
  struct RootSlot {
    std::uint32_t global = 0;
    std::uint64_t number = 0;
  };
  struct Pin {
    std::unique_ptr<pinning::PinSet> set;
    heap::Address address;
    std::uint64_t number;
  };
  struct Word {
    std::uint32_t index;
    heap::Address address;  ///< of the object; null: it was drawn at random
    std::uint64_t number;
  };
  struct WeakSlot {
    std::uint32_t index;
    std::uint64_t number;
  };

  static std::uint64_t number_of(heap::ObjectRef object) {
    return object.slot(object.references()).word();
  }

  RootSlot& any_root() { return roots_[random_.below(roots_.size())]; }

  void act() {
    const std::uint64_t dice = random_.below(100);
    if (dice < 55) {
      allocate();
    } else if (dice < 75) {
      link();
    } else if (dice < 85) {
      RootSlot& root = any_root();
      runtime_.globals().set(root.global, {});
      root.number = 0;
    } else if (dice < 92) {
      if (!pins_.empty()) {
        const std::size_t which = random_.below(pins_.size());
        std::swap(pins_[which], pins_.back());
        pins_.pop_back();
      }
    } else if (dice < 96) {
      const RootSlot& root = any_root();
      pin(runtime_.globals().get(root.global), root.number);
    } else {
      const RootSlot& root = any_root();
      if (root.number != 0) {
        const heap::ObjectRef object = runtime_.globals().get(root.global);
        weaks_.push_back({runtime_.weaks().add(object), root.number});
        static_cast<void>(runtime_.pins().marks().mark(object));
        marked_.push_back(root.number);
      }
    }
  }

  void be_ambiguous() {
    const RootSlot& root = any_root();
    const std::uint64_t dice = random_.below(100);
    if (dice < 40) {
      if (!words_.empty()) {
        end_word(random_.below(words_.size()));
      }
    } else if (dice < 70) {
      const heap::ObjectRef object = runtime_.globals().get(root.global);
      if (object) {
        const heap::Address inside = object.address() + random_.below(object.bytes());
        words_.push_back(
            {runtime_.ambiguous().add(inside.value()), object.address(), root.number});
      }
    } else if (dice < 90) {
      const heap::AddressRange blocks = runtime_.heap().blocks_range();
      const heap::Address anywhere = blocks.base + random_.below(blocks.bytes());
      words_.push_back({runtime_.ambiguous().add(anywhere.value()), {}, 0});
    } else if (root.number != 0) {
      static_cast<void>(
          runtime_.pins().parents().mark(runtime_.globals().get(root.global)));
    }
  }

  void end_word(std::size_t which) {
    runtime_.ambiguous().end(words_[which].index);
    words_[which] = words_.back();
    words_.pop_back();
  }

  void allocate() {
    const auto references = static_cast<std::uint32_t>(random_.below(random_.below(8) + 1));
    std::uint64_t bytes = 8 + random_.below(mix_.most_payload);
    if (random_.below(1000) < mix_.large_permille) {
      bytes = runtime_.heap().large_threshold() + random_.below(20000);
    }
    if (mix_.plug_percent > 0 && random_.below(100) < mix_.plug_percent) {
      const std::uint64_t part = runtime_.heap().block_bytes() >> (1 + random_.below(3));
      bytes = part - 8 * (1 + references) - 8 * random_.below(3);
    }
    // Under pinned_space what will be pinned is known before, and some other objects come along.
    const bool chosen = placement() == PinPlacement::pinned_space &&
                        random_.below(100) < mix_.pin_percent;
    const heap::ObjectRef object = is_born_apart(chosen)
                                       ? mutator_->allocate_apart({references, bytes})
                                       : mutator_->allocate({references, bytes});
    for (std::size_t i = 0; i < references; ++i) {
      REQUIRE(!object.load(i));
    }
    object.slot(references).word() = nodes_.size();
    RootSlot& root = any_root();
    runtime_.globals().set(root.global, object);
    root.number = nodes_.size();
    nodes_.push_back({std::vector<std::uint64_t>(references)});
    if (placement() == PinPlacement::pinned_space ? chosen
                                                  : random_.below(100) < mix_.pin_percent) {
      pin(object, root.number);
    }
  }

  [[nodiscard]] PinPlacement placement() const { return runtime_.options().pin_placement; }

  [[nodiscard]] bool is_born_apart(bool chosen) {
    switch (placement()) {
      case PinPlacement::pinned_space:
        return chosen || random_.below(20) == 0;
      case PinPlacement::pretenure:
        return pretenuring_.is_pretenured(site_of(nodes_.size()));
      default:
        return false;
    }
  }

  pinning::SiteId site_of(std::uint64_t number) {
    return runtime_.pins().sites().intern("site " + std::to_string(number % 5));
  }

  void pin(heap::ObjectRef object, std::uint64_t number) {
    if (number == 0 || mix_.pin_percent == 0 ||
        pins_.size() + migrants_.size() > mix_.live_target / 2) {
      return;
    }
    if (placement() == PinPlacement::migrate && !runtime_.heap().is_apart(object.address()) &&
        !runtime_.pins().is_pinned(object)) {
      migrants_.push_back({runtime_.migrants().add(object), number});
    } else {
      pin_here(object, number);
    }
  }

  void pin_here(heap::ObjectRef object, std::uint64_t number) {
    auto set = std::make_unique<pinning::PinSet>(runtime_.pins(), pinning::Liveness::strong);
    set->pin(object, site_of(number));
    pins_.push_back({std::move(set), object.address(), number});
  }

  /// After a collection: who waited for it is pinned, and sites are looked at.
  void arrive() {
    for (const WeakSlot& waiter : migrants_) {
      const heap::ObjectRef object = runtime_.migrants().get(waiter.index);
      runtime_.migrants().end(waiter.index);
      ++(runtime_.heap().is_apart(object.address()) ? arrived_ : left_behind_);
      pin_here(object, waiter.number);
    }
    migrants_.clear();
    for (const Pin& pin : pins_) {
      pretenuring_.saw(site_of(pin.number), runtime_.collections());
    }
  }

  void link() {
    const RootSlot& from = any_root();
    const RootSlot& to = any_root();
    if (from.number == 0 || nodes_[from.number].references.empty()) {
      return;
    }
    const std::size_t slot = random_.below(nodes_[from.number].references.size());
    mutator_->store(runtime_.globals().get(from.global), slot, runtime_.globals().get(to.global));
    nodes_[from.number].references[slot] = to.number;
  }

  ProgramMix mix_;
  Runtime runtime_;
  std::unique_ptr<Mutator> mutator_;
  heap::Random random_;
  std::vector<Node> nodes_{Node{}};  // number 0 is null
  std::vector<RootSlot> roots_;
  std::vector<Pin> pins_;
  std::vector<Word> words_;
  std::vector<WeakSlot> weaks_;
  std::vector<WeakSlot> migrants_;  ///< whose objects wait to be pinned
  pinning::Pretenuring pretenuring_;
  std::uint64_t arrived_ = 0;
  std::uint64_t left_behind_ = 0;
  std::vector<std::uint64_t> marked_;  ///< whose marks (pinning/pin_marks.hpp) must follow them
};

}  // namespace pinlab::collector::tests
