// What pins add to pauses: a table by density for full collections, one for young collections
// beside old pins, and the census' share, as Markdown.
//
// A pair is two full collections of the same objects in one process, one without the pins and one
// with them, which end right after it; the rows are medians over such pairs. Of what only measures
// (census, hostage) nothing is in a pause.
#include "heap/support/random.hpp"
#include "pinning/shapes/pinner.hpp"
#include "collector/runtime.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string_view>
#include <vector>

namespace pinlab::collector {
namespace {

using heap::ObjectRef;
using pinning::Pinner;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Field {
  std::uint64_t live = 64 * kMiB;
  std::uint64_t object_bytes = 512;  ///< header included
  std::uint64_t nursery = 0;
  std::uint64_t census_every = 0;
};

/// A table of leaves of one size, and what its last collection reported.
class World final : public PauseObserver {
 public:
  explicit World(const Field& field)
      : shape_{0, field.object_bytes - heap::kGranuleBytes},
        runtime_(options_of(field)),
        mutator_(runtime_.attach()),
        table_(*mutator_),
        size_(field.live / field.object_bytes) {
    runtime_.add_observer(*this);
    table_.set(mutator_->allocate({static_cast<std::uint32_t>(size_), 0}));
    for (std::uint64_t i = 0; i < size_; ++i) {
      make(i);
    }
    collect();
  }

  /// Every second object, by chance, gives way to a new one.
  void replace_half() {
    for (std::uint64_t i = 0; i < size_; ++i) {
      if (random_.below(2) == 0) {
        make(i);
      }
    }
  }
  const PauseReport& collect(CompactEffort effort = CompactEffort::adaptive) {
    mutator_->collect_full(effort);
    return report_;
  }
  const PauseReport& collect_young() {
    mutator_->collect_young();
    return report_;
  }
  void make(std::uint64_t i) {
    const ObjectRef object = mutator_->allocate(shape_);
    mutator_->store(table_.get(), i, object);
  }
  void drop_one() { static_cast<void>(mutator_->allocate(shape_)); }
  [[nodiscard]] ObjectRef object(std::uint64_t i) const { return table_.get().load(i); }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] Runtime& runtime() { return runtime_; }

 private:
  static Options options_of(const Field& field) {
    Options options;
    options.heap_max = 4 * field.live;
    options.nursery_size = field.nursery;
    options.measure_census = false;
    options.measure_hostage = false;
    options.measure_pins = field.census_every;
    return options;
  }
  void paused(const PauseReport& report) override { report_ = report; }

  heap::Shape shape_;
  Runtime runtime_;
  std::unique_ptr<Mutator> mutator_;
  Root table_;
  std::uint64_t size_;
  heap::Random random_{1};
  PauseReport report_;
};

/// Nanoseconds to read a bit for each granule of one block.
double streaming_ns(World& world) {
  const heap::Heap& heap = world.runtime().heap();
  std::vector<double> rounds;
  std::uint64_t seen = 0;
  for (int round = 0; round < 9; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
      const heap::AddressRange block = heap.range_of(heap::Block{i});
      for (heap::Address line = block.base; line < block.limit; line += heap::kLineBytes) {
        seen += static_cast<std::uint64_t>(std::popcount(heap.immovable(line)));
      }
    }
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - begin;
    rounds.push_back(spent.count() / heap.block_count());
  }
  if (seen != 0) {
    std::abort();  // between pauses none is set
  }
  return median(rounds);
}

std::uint64_t headers_seen = 0;

constexpr std::array kPhases = {PausePhase::mark,   PausePhase::islands, PausePhase::plan,
                                PausePhase::update, PausePhase::move,    PausePhase::reclaim};

/// What happens to the heap, and how much of it a collection may move.
struct Arm {
  bool replaces_half;
  CompactEffort effort;
};

void density_row(std::uint64_t bytes_per_pin, std::uint64_t object_bytes, Arm arm, int pairs) {
  World world(Field{.object_bytes = object_bytes});
  const std::uint64_t step = bytes_per_pin / object_bytes;
  std::vector<double> without;
  std::vector<double> with;
  std::vector<double> more;
  std::vector<double> after;
  std::array<std::vector<double>, kPhases.size()> phases;
  std::uint64_t pins = 0;
  std::uint64_t islands = 0;
  std::array<std::uint64_t, 2> moved{};
  for (int pair = 0; pair <= pairs; ++pair) {
    // Without pins, with new ones, and when these have ended: what ended is looked at once more.
    constexpr std::size_t kPinned = 1;
    std::array<PauseReport, 3> reports;
    for (std::size_t i = 0; i < reports.size(); ++i) {
      if (arm.replaces_half) {
        world.replace_half();
      }
      Pinner pinner(world.runtime().pins());
      for (std::uint64_t k = 0; k < world.size(); k += step) {
        if (i == kPinned) {
          pinner.pin(world.object(k));
        } else {
          headers_seen += world.object(k).bytes();  // the same objects are in the caches
        }
      }
      reports[i] = world.collect(arm.effort);
      pinner.unpin();
    }
    if (pair == 0) {
      continue;  // memory that was never touched
    }
    pins = reports[1].pins;
    islands = reports[1].islands;
    const auto pause = [&](std::size_t i) { return static_cast<double>(reports[i].pause_ns); };
    without.push_back(pause(0));
    with.push_back(pause(1));
    more.push_back((pause(1) - pause(0)) / static_cast<double>(pins));
    after.push_back((pause(2) - pause(0)) / static_cast<double>(pins));
    for (std::size_t i = 0; i < kPhases.size(); ++i) {
      const auto ns = [&](std::size_t k) {
        return static_cast<double>(reports[k].phase_ns[static_cast<std::size_t>(kPhases[i])]);
      };
      phases[i].push_back((ns(1) - ns(0)) / static_cast<double>(pins));
    }
    moved[0] = reports[0].moved_bytes;
    moved[1] = reports[1].moved_bytes;
  }
  std::printf("| %llu | %llu | %llu | %llu | %.2f | %.2f | **%.1f** | %.1f |",
              static_cast<unsigned long long>(bytes_per_pin),
              static_cast<unsigned long long>(object_bytes), static_cast<unsigned long long>(pins),
              static_cast<unsigned long long>(islands), median(without) / 1e6, median(with) / 1e6,
              median(more), median(after));
  for (const std::vector<double>& phase : phases) {
    std::printf(" %.1f |", median(phase));
  }
  std::printf(" %llu, %llu | %.0f |\n", static_cast<unsigned long long>(moved[0] / kMiB),
              static_cast<unsigned long long>(moved[1] / kMiB),
              10 + streaming_ns(world) * std::min(1.0, static_cast<double>(bytes_per_pin) /
                                                           static_cast<double>(64U << 10U)));
  std::fflush(stdout);
}

void density_table(Arm arm, int pairs) {
  std::printf(
      "\n| bytes of heap a pin | object | pins | islands | ms without | ms with | ns a pin | "
      "once after | mark | islands | plan | update | move | reclaim | MiB moved without, with | Go "
      "and the bitmap |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  density_row(64, 64, arm, pairs);
  density_row(512, 512, arm, pairs);
  density_row(512, 64, arm, pairs);
  for (const std::uint64_t bytes : {4096U, 32768U, 262144U}) {
    density_row(bytes, 512, arm, pairs);
  }
}

void young_table(int pairs) {
  std::printf("\n| old pins | ms without | ms with | ns a pin |\n|---|---|---|---|\n");
  for (const std::uint64_t pins : {1000U, 100000U}) {
    World world(Field{.nursery = 16 * kMiB});
    std::vector<double> without;
    std::vector<double> with;
    for (int pair = 0; pair < pairs; ++pair) {
      for (const bool pinned : {false, true}) {
        Pinner pinner(world.runtime().pins());
        for (std::uint64_t i = 0; pinned && i < pins; ++i) {
          pinner.pin(world.object(world.size() - 1 - i));
        }
        for (std::uint64_t i = 0; i < 10'000; ++i) {  // 20 in 100 survive
          i % 5 == 0 ? world.make(i % 2000) : world.drop_one();
        }
        (pinned ? with : without).push_back(static_cast<double>(world.collect_young().pause_ns));
        pinner.unpin();
      }
    }
    std::printf("| %llu | %.3f | %.3f | %.2f |\n", static_cast<unsigned long long>(pins),
                median(without) / 1e6, median(with) / 1e6,
                (median(with) - median(without)) / static_cast<double>(pins));
    std::fflush(stdout);
  }
}

struct Census {
  std::uint64_t pins = 100000;
  bool apart = false;          ///< a pinner for each pin, else a hundred of them
  std::uint64_t replaced = 0;  ///< percent that end and are made again before each collection
  std::uint64_t clocks = 1;    ///< at which these are made
  std::uint64_t young = 0;     ///< young collections meanwhile, as far as the registry knows
};

void census_row(const Field& field, const Census& row, int rounds) {
  World world(field);
  std::vector<Pinner> pinners;
  const std::uint64_t each = row.apart ? 1 : row.pins / 100;
  pinners.reserve(row.pins / each);
  const auto pin = [&](std::uint64_t i) {
    const auto site = static_cast<pinning::SiteId>(i % 10);
    pinners[i / each].pin(world.object(i * (world.size() / row.pins)), site);
  };
  for (std::uint64_t i = 0; i < row.pins; ++i) {
    if (i % each == 0) {
      pinners.emplace_back(world.runtime().pins());
    }
    pin(i);
  }
  const std::uint64_t replaced = row.pins * row.replaced / 100;
  pinning::PinRegistry& registry = world.runtime().pins();
  std::vector<double> census;
  std::vector<double> pause;
  for (int round = 0; round <= rounds; ++round) {
    for (std::uint64_t i = 0; i < replaced; ++i) {
      if (i % each == 0) {
        pinners[i / each].unpin();
      }
      if (i % std::max<std::uint64_t>(1, replaced / row.clocks) == 0) {
        registry.set_clock(registry.clock() + heap::kGranuleBytes);
      }
      if (row.young > 0 && i % (replaced / row.young) == 0) {
        registry.set_collections(registry.collections() + 1);
      }
      pin(i);
    }
    const PauseReport& report = world.collect();
    if (round == 0) {
      continue;  // the first sees every pin for the first time
    }
    census.push_back(
        static_cast<double>(report.phase_ns[static_cast<std::size_t>(PausePhase::census)]));
    pause.push_back(static_cast<double>(report.pause_ns));
  }
  std::printf(
      "| %llu | %llu | %llu | %s | %llu | %llu %% | %llu | %llu | %.2f | %.1f | %.2f | **%.2f %%** "
      "|\n",
      static_cast<unsigned long long>(field.live / kMiB),
      static_cast<unsigned long long>(field.object_bytes),
      static_cast<unsigned long long>(row.pins), row.apart ? "one each" : "100",
      static_cast<unsigned long long>(field.census_every),
      static_cast<unsigned long long>(row.replaced), static_cast<unsigned long long>(row.clocks),
      static_cast<unsigned long long>(row.young), median(pause) / 1e6, median(census) / 1e3,
      median(census) / static_cast<double>(row.pins), 100 * median(census) / median(pause));
  std::fflush(stdout);
  for (Pinner& pinner : pinners) {
    pinner.unpin();
  }
}

void census_table(int rounds) {
  std::printf(
      "\n| live MiB | object | pins | pinners | record.pins | new | clocks | young | pause ms | "
      "census us | "
      "ns a pin | share |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  const Field small{.live = 64 * kMiB, .object_bytes = 64, .census_every = 1};
  for (const bool apart : {false, true}) {
    for (const std::uint64_t pins : {10000U, 100000U}) {
      census_row(small, {.pins = pins, .apart = apart}, rounds);
      census_row(small, {.pins = pins, .apart = apart, .replaced = 10, .clocks = 100, .young = 8},
                 rounds);
      for (const std::uint64_t young : {0U, 8U, 64U, 1000U}) {
        census_row(
            small,
            {.pins = pins, .apart = apart, .replaced = 100, .clocks = pins / 10, .young = young},
            rounds);
      }
    }
  }
  Field large{.live = 512 * kMiB, .object_bytes = 64, .census_every = 1};
  census_row(large, {.replaced = 100, .clocks = 10000, .young = 64}, rounds);
  large.census_every = 16;
  census_row(large, {.replaced = 100, .clocks = 10000, .young = 64}, rounds);
}

void run(std::string_view what, int pairs) {
  const bool all = what == "all";
  if (all || what == "still") {
    density_table({false, CompactEffort::adaptive}, 5 * pairs);  // short ones
  }
  if (all || what == "adaptive") {
    density_table({true, CompactEffort::adaptive}, pairs);
  }
  if (all || what == "exhaustive") {
    density_table({true, CompactEffort::exhaustive}, pairs);
  }
  if (all || what == "young") {
    young_table(pairs);
  }
  if (all || what == "census") {
    census_table(pairs);
  }
}

}  // namespace
}  // namespace pinlab::collector

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "all";
  constexpr std::array<std::string_view, 6> kWhat = {"all",        "still", "adaptive",
                                                     "exhaustive", "young", "census"};
  const int pairs = argc > 2 ? std::atoi(argv[2]) : 15;
  if (argc > 3 || pairs < 1 || std::find(kWhat.begin(), kWhat.end(), what) == kWhat.end()) {
    std::fputs("pin_pauses [all|still|adaptive|exhaustive|young|census] [pairs]\n", stderr);
    return 2;
  }
  pinlab::collector::run(what, pairs);
  return 0;
}
