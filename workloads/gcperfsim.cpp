// GCPerfSim, the .NET team's simulator of managed memory: each thread holds an array of objects
// that survive, replaces random ones by every so-many-th object that it allocates, and pins every
// so-many-th survivor; a second array lives as long as a request. Its random numbers are its own.
// The threads take turns on one mutator, an object each.
#include "heap/support/wide.hpp"
#include "workloads/gcperfsim_args.hpp"
#include "workloads/managed_table.hpp"
#include "workloads/program_pins.hpp"
#include "workloads/workload.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <string>
#include <vector>

namespace pinlab::workloads {

namespace {

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.args",
     .type = heap::ParameterType::text,
     .default_text =
         "-tc 4 -tagb 540 -tlgb 2 -lohar 0 -pohar 0 -sohsr 100-4000 -sohsi 50 -sohpi 50",
     .summary = "GCPerfSim's arguments, in one string"},
    {.name = "workload.scale",
     .type = heap::ParameterType::count,
     .default_text = "1000",
     .summary = "what -tagb, -tlgb, -ramb and -rlmb are divided by",
     .least = 1,
     .most = 1'000'000},
    {.name = "workload.request",
     .type = heap::ParameterType::count,
     .default_text = "1000",
     .summary = "objects that are one scope, for pins that end with a scope",
     .least = 1,
     .unit = "objects"},
});

constexpr std::uint64_t kTouched = 4096;
/// What .NET puts around a payload, of which the bytes of arguments are counted: header, slots and
/// fields of an item, and of the payload's owner.
constexpr heap::Shape kItem = {.references = 2, .bytes = 8};
constexpr heap::Shape kOwner = {.references = 1, .bytes = 8};

/// GCPerfSim's own, seeded with 0.
class PerfSimRandom {
 public:
  std::uint64_t below(std::uint64_t bound) {
    x_ = (314'159'269 * x_ + 278'281) & 0x7fff'ffffU;
    return static_cast<std::uint64_t>(heap::Wide{x_} * bound >> 31U);
  }

 private:
  std::uint64_t x_ = 0;
};

/// A kind of object, with how many of it there were.
struct Bucket {
  PerfSimBucket spec;
  std::uint64_t weight = 0;
  std::uint64_t count = 0;
  [[nodiscard]] std::uint64_t mean() const { return (spec.size_least + spec.size_most) / 2; }
};

/// Weights of objects, so that bytes come out per thousand. What lies around the payload of a large
/// or pinned one, `overhead`, is no part of its share, as in GCPerfSim; that it makes the small
/// share larger by as much is left out.
std::vector<Bucket> buckets_of(const PerfSimArguments& a, std::uint64_t overhead) {
  constexpr unsigned kPlaces = 24;
  const std::uint64_t small_share = 1000 - a.large.per_thousand - a.pinned.per_thousand;
  const Bucket small{.spec = a.small, .weight = std::uint64_t{1000} << kPlaces};
  std::vector<Bucket> buckets;
  for (const PerfSimBucket& spec : {a.large, a.pinned}) {
    if (spec.per_thousand > 0) {
      Bucket bucket{.spec = spec};
      // weight (mean - overhead) : small weight * small mean = share : small share.
      const heap::Wide bytes = heap::Wide{small.weight} * small.mean() * spec.per_thousand;
      bucket.weight = static_cast<std::uint64_t>(
          bytes / (heap::Wide{small_share} * (bucket.mean() - overhead)));
      buckets.push_back(bucket);
    }
  }
  buckets.push_back(small);
  return buckets;
}

/// Lists of items, by index; the program's side of what is in the heap.
class Lists {
 public:
  Lists(WorkloadContext& context, std::uint64_t lists)
      : context_(context),
        pins_(context, "gcperfsim"),
        table_(context.mutator, std::max<std::uint64_t>(lists, 1)),
        lists_(lists) {
    context.leave(table_.directory());
  }

  [[nodiscard]] ProgramPins& pins() { return pins_; }

  struct Node {
    std::uint64_t bytes = 0;
    PinToken token = 0;
    pinning::PinTicket pin = {};
  };

  [[nodiscard]] std::uint64_t length() const { return lists_.size(); }
  [[nodiscard]] std::size_t items(std::uint64_t list) const { return lists_[list].size(); }

  /// Behind the last item of the list.
  void append(std::uint64_t list, heap::ObjectRef item, Node node) {
    heap::ObjectRef last = table_.get(list);
    if (!last) {
      table_.set(list, item);
    } else {
      while (const heap::ObjectRef next = last.load(1)) {
        last = next;
      }
      context_.mutator.store(last, 1, item);
    }
    lists_[list].push_back(std::move(node));
  }
  /// Its bytes. REQUIRES that there is one.
  std::uint64_t free_head(std::uint64_t list) {
    Node& head = lists_[list].front();
    const std::uint64_t bytes = head.bytes;
    table_.set(list, table_.get(list).load(1));
    pins_.unpin(head.pin);
    context_.pins.dropped(head.token);
    context_.live.dropped(bytes);
    lists_[list].pop_front();
    return bytes;
  }
  std::uint64_t free_all(std::uint64_t list) {
    std::uint64_t bytes = 0;
    while (!lists_[list].empty()) {
      bytes += free_head(list);
    }
    return bytes;
  }
  void move(std::uint64_t from, std::uint64_t to) {
    table_.set(to, table_.get(from));
    table_.set(from, {});
    lists_[to] = std::move(lists_[from]);
    lists_[from].clear();
  }
  /// What the heap holds, counted anew: throws std::logic_error where it is not what was put there.
  void check() const {
    for (std::uint64_t list = 0; list < lists_.size(); ++list) {
      std::size_t items = 0;
      for (heap::ObjectRef item = table_.get(list); item; item = item.load(1)) {
        ++items;
      }
      if (items != lists_[list].size()) {
        throw std::logic_error("gcperfsim: list " + std::to_string(list) + " has " +
                               std::to_string(items) + " items where " +
                               std::to_string(lists_[list].size()) + " were linked");
      }
    }
  }

 private:
  WorkloadContext& context_;
  ProgramPins pins_;
  ManagedTable table_;
  std::vector<std::deque<Node>> lists_;
};

/// A part of what all threads have in one table: this thread's lists.
struct Array {
  std::uint64_t first = 0;
  std::uint64_t length = 0;
  std::uint64_t filled = 0;  ///< lists that are not empty, the lowest
  std::uint64_t live = 0;    ///< bytes
};

class Simulation {
 public:
  Simulation(WorkloadContext& context, const PerfSimArguments& arguments)
      : context_(context),
        arguments_(arguments),
        simple_(arguments.item == PerfSimItem::simple),
        overhead_(kItem.object_bytes() + (simple_ ? 0 : kOwner.object_bytes())),
        kinds_(buckets_of(arguments, overhead_)),
        old_length_(arguments.live / arguments.threads / mean_bytes()),
        request_length_(arguments.request_live / mean_bytes()),
        lists_(context, arguments.threads * (old_length_ + request_length_)) {}

  void run(std::uint64_t scope_objects) {
    for (std::uint64_t i = 0; i < arguments_.threads; ++i) {
      const std::uint64_t first = i * (old_length_ + request_length_);
      threads_.push_back({.random = {},
                          .kinds = kinds_,
                          .old = {first, old_length_, old_length_},
                          .request = {first + old_length_, request_length_}});
      threads_.back().left = arguments_.allocate / arguments_.threads;
      threads_.back().request_left = arguments_.request_allocate;
    }
    fill();
    for (bool any = true; any;) {
      const PinScope scope(context_.pins);
      for (std::uint64_t i = 0; i < scope_objects; ++i) {
        any = false;
        for (Thread& thread : threads_) {
          any = step(thread) || any;
        }
      }
    }
    if (arguments_.verify_live_size) {
      lists_.check();
    }
    for (std::uint64_t list = 0; list < lists_.length(); ++list) {
      lists_.free_all(list);
    }
    if (arguments_.full_collection_at_end) {
      context_.mutator.collect_full();
    }
  }

 private:
  struct Thread {
    PerfSimRandom random;
    std::vector<Bucket> kinds;
    Array old;
    Array request;
    std::uint64_t left = 0;
    std::uint64_t request_left = 0;
  };
  struct Made {
    std::uint64_t size = 0;
    bool survives = false;
    bool survives_request = false;
    bool pinned = false;
  };

  [[nodiscard]] std::uint64_t mean_bytes() const {
    heap::Wide bytes = 0;
    heap::Wide weight = 0;
    for (const Bucket& kind : kinds_) {
      bytes += heap::Wide{kind.weight} * kind.mean();
      weight += kind.weight;
    }
    return static_cast<std::uint64_t>(bytes / weight);
  }

  /// In the beginning everything survives.
  void fill() {
    for (std::uint64_t i = 0; i < old_length_; ++i) {
      for (Thread& thread : threads_) {
        const Made made = draw(thread);
        thread.old.live += made.size;
        put(thread.old.first + i, make(made), made);
      }
    }
  }

  static bool is_nth(std::uint64_t interval, std::uint64_t count) {
    return interval != 0 && count % interval == 0;
  }

  Made draw(Thread& thread) {
    std::uint64_t weight = 0;
    for (const Bucket& kind : thread.kinds) {
      weight += kind.weight;
    }
    std::uint64_t dice = thread.kinds.size() == 1 ? 0 : thread.random.below(weight);
    std::size_t index = 0;
    while (dice >= thread.kinds[index].weight) {
      dice -= thread.kinds[index++].weight;
    }
    Bucket& kind = thread.kinds[index];
    const PerfSimBucket& spec = kind.spec;
    ++kind.count;
    Made made;
    // The end of a range is not drawn, and one without any length is its beginning. An object is at
    // least what lies around its payload.
    made.size = std::max(spec.size_least + thread.random.below(spec.size_most - spec.size_least),
                         overhead_ + heap::kGranuleBytes);
    made.survives = is_nth(spec.survive_every, kind.count);
    made.survives_request = is_nth(spec.request_every, kind.count);
    made.pinned = spec.pinned_at_birth ||
                  (made.survives && is_nth(spec.pin_every, kind.count / spec.survive_every));
    thread.left -= std::min(thread.left, made.size);
    thread.request_left -= std::min(thread.request_left, made.size);
    return made;
  }

  /// An item, and behind it what it owns; the payload is touched on each page.
  heap::ObjectRef make(const Made& made) {
    collector::Mutator& mutator = context_.mutator;
    const std::uint64_t bytes = made.size - overhead_ - heap::kGranuleBytes;
    const collector::Root payload(
        mutator, context_.pins.allocate(mutator, {.references = 0, .bytes = bytes}));
    for (std::uint64_t at = 0; at + kTouched <= bytes; at += kTouched) {
      *(payload.get().slot(0) + at).as<std::uint8_t>() = static_cast<std::uint8_t>(at / kTouched);
    }
    collector::Root owner(mutator, payload.get());
    if (!simple_) {
      const heap::ObjectRef around = mutator.allocate(kOwner);
      mutator.store(around, 0, payload.get());
      owner.set(around);
    }
    const heap::ObjectRef item = mutator.allocate(kItem);
    mutator.store(item, 0, owner.get());
    return item;
  }

  [[nodiscard]] heap::ObjectRef payload_of(heap::ObjectRef item) const {
    return simple_ ? item.load(0) : item.load(0).load(0);
  }

  void put(std::uint64_t list, heap::ObjectRef item, const Made& made) {
    Lists::Node node{.bytes = made.size, .token = 0};
    node.token = context_.pins.born(payload_of(item));
    context_.live.born(made.size);
    if (made.pinned) {
      node.pin = lists_.pins().pin(payload_of(item));
    }
    lists_.append(list, item, std::move(node));
  }

  bool step(Thread& thread) {
    if (thread.left == 0) {
      return false;
    }
    if (arguments_.request_allocate != 0 && thread.request_left == 0) {
      for (std::uint64_t i = 0; i < thread.request.length; ++i) {
        lists_.free_all(thread.request.first + i);
      }
      thread.request.filled = 0;
      thread.request.live = 0;
      thread.request_left = arguments_.request_allocate;
    }
    const Made made = draw(thread);
    const heap::ObjectRef item = make(made);
    if (made.survives && thread.old.length > 0) {
      survive(thread, thread.old, item, made, false);
    } else if (made.survives_request && thread.request.length > 0) {
      const bool ramp_up = thread.request.live < arguments_.request_live;
      survive(thread, thread.request, item, made, ramp_up);
    } else {
      context_.pins.dropped(context_.pins.born(payload_of(item)));
    }
    if (arguments_.compute) {
      for (std::uint64_t count = thread.random.below(1000); count > 0; --count) {
        static_cast<void>(thread.random.below(1'000'000));
      }
    }
    return true;
  }

  /// Takes a victim's place; a request that is not full yet has no victims.
  void survive(Thread& thread, Array& array, heap::ObjectRef item, const Made& made, bool ramp_up) {
    if (simple_) {
      const std::uint64_t list = array.first + thread.random.below(array.length);
      array.live -= lists_.free_all(list);
      array.live += made.size;
      put(list, item, made);
      return;
    }
    if (!ramp_up && array.filled > 0) {
      const std::uint64_t victim = array.first + thread.random.below(array.filled);
      array.live -= lists_.free_head(victim);
      if (lists_.items(victim) == 0) {
        const std::uint64_t last = array.first + array.filled - 1;
        if (victim != last) {
          lists_.move(last, victim);
        }
        --array.filled;
      }
    }
    const bool create =
        array.filled == 0 || (array.filled < array.length && thread.random.below(100) < 50);
    const std::uint64_t list = create ? array.filled++ : thread.random.below(array.filled);
    array.live += made.size;
    put(array.first + list, item, made);
  }

  WorkloadContext& context_;
  const PerfSimArguments& arguments_;
  bool simple_;
  std::uint64_t overhead_;
  std::vector<Bucket> kinds_;
  std::uint64_t old_length_;
  std::uint64_t request_length_;
  Lists lists_;
  std::vector<Thread> threads_;
};

class GcPerfSim final : public Workload {
 public:
  explicit GcPerfSim(const heap::ParameterValues& values)
      : arguments_(parse_perf_sim(values.text("workload.args"))),
        request_(values.count("workload.request")) {
    const std::uint64_t scale = values.count("workload.scale");
    arguments_.allocate /= scale;
    arguments_.live /= scale;
    arguments_.request_allocate /= scale;
    arguments_.request_live /= scale;
  }

  void run(WorkloadContext& context) override { Simulation(context, arguments_).run(request_); }

 private:
  PerfSimArguments arguments_;
  std::uint64_t request_;
};

}  // namespace

WorkloadEntry workload_gcperfsim() {
  return {
      .name = "gcperfsim",
      .summary = "the .NET team's simulator, by its own command line: survival and pin intervals",
      .source = "dotnet/performance, GCPerfSim",
      .parameters = kParameters,
      .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
        return std::make_unique<GcPerfSim>(values);
      }};
}

}  // namespace pinlab::workloads
