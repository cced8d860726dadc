#include "harness/experiment.hpp"

#include "pinning/boundary.hpp"
#include "collector/runtime.hpp"
#include "workloads/ambiguous_words.hpp"
#include "workloads/heaptrack/trace_error.hpp"
#include "workloads/io/descriptor.hpp"
#include "harness/heap_maps.hpp"
#include "harness/parameter_table.hpp"
#include "harness/settings.hpp"
#include "harness/survival.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace pinlab::harness {

namespace {

std::uint64_t nanoseconds_since(std::chrono::steady_clock::time_point begin) {
  const auto passed = std::chrono::steady_clock::now() - begin;
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(passed).count());
}

Recorder::Keep keep_of(const heap::ParameterValues& values) {
  return values.word("record.collections") == "all" ? Recorder::Keep::all : Recorder::Keep::sums;
}

void take_over(RunResult& result, Recording recording) {
  result.exact = recording.exact;
  result.timed = std::move(recording.timed);
  result.collections = std::move(recording.collections);
  result.sites = std::move(recording.sites);
  result.site_names = std::move(recording.site_names);
  result.heap_maps = std::move(recording.heap_maps);
  result.survival = std::move(recording.survival);
}

}  // namespace

/// What looks at every object after a pause, where it was asked for.
struct Experiment::Probes {
  std::optional<HeapMaps> maps;
  std::optional<Survival> survival;

  Probes(const heap::ParameterValues& values, collector::Runtime& runtime, Recorder& recorder) {
    const std::string_view wanted = values.word("record.heap_map");
    if (wanted != "none") {
      maps.emplace(wanted == "all" ? HeapMaps::Which::all : HeapMaps::Which::full, runtime,
                   recorder);
      runtime.add_observer(*maps);
      runtime.add_move_observer(*maps);
    }
    if (values.flag("record.survival")) {
      survival.emplace(runtime, recorder);
      runtime.add_observer(*survival);
      runtime.add_move_observer(*survival);
    }
  }
};

Experiment::Experiment(heap::ParameterValues values, RunControl control)
    : values_(std::move(values)),
      control_(std::move(control)),
      workload_(workload_called(values_.word("workload")).make(values_)),
      recorder_(keep_of(values_), control_.stop) {}

RunResult Experiment::run() {
  const collector::Options options = collector_options(values_);
  RunResult result{.parameters = values_};
  try {
    collector::Runtime runtime(options);
    recorder_.watch(runtime.pins());
    for (collector::PauseObserver* const listener : control_.listeners) {
      runtime.add_observer(*listener);
    }
    runtime.add_observer(recorder_);
    const Probes probes(values_, runtime, recorder_);
    const workloads::AmbiguousWords words(runtime, ambiguous_options(values_));
    const auto mutator = runtime.attach();
    workloads::PinPressure pins(runtime, pin_options(values_));
    workloads::WorkloadContext context{
        .runtime = runtime, .mutator = *mutator, .pins = pins, .random = workload_stream(values_)};

    const auto begin = std::chrono::steady_clock::now();
    Ending ending = run_program(context);
    if (ending.outcome == Outcome::completed) {
      judge_boundary(ending, context);
    }
    const std::uint64_t total = nanoseconds_since(begin);
    result.outcome = ending.outcome;
    result.reason = ending.reason;
    result.bad_input = ending.bad_input;
    finish(result, context);
    result.timed.total = total;
  } catch (const collector::HeapExhausted& error) {
    result.outcome = Outcome::heap_exhausted;
    result.reason = error.what();
  }
  return result;
}

Experiment::Ending Experiment::run_program(workloads::WorkloadContext& context) {
  try {
    workload_->run(context);
    context.runtime.throw_pin_reports();
    context.runtime.verify(context.mutator, context.runtime.options().verify);
    return {};
  } catch (const collector::HeapExhausted& error) {
    return {Outcome::heap_exhausted, error.what()};
  } catch (const collector::GcBlocked& error) {
    return {Outcome::gc_blocked, error.what()};
  } catch (const collector::VerificationFailed& error) {
    return {Outcome::verification_failed, error.what()};
  } catch (const collector::PinLeaked& error) {
    return {Outcome::pin_leak, error.what()};
  } catch (const collector::PinnedObjectCollected& error) {
    return {Outcome::pin_collected, error.what()};
  } catch (const pinning::StoreRefused& error) {
    return {Outcome::pin_violation, error.what()};
  } catch (const workloads::PinLimitReached& error) {
    return {Outcome::pin_limit, error.what()};
  } catch (const RunStopped& stopped) {
    return {stopped.outcome, stopped.what()};
  } catch (const workloads::TraceError& error) {
    return {Outcome::io_error, error.what(), true};
  } catch (const workloads::IoError& error) {
    return {Outcome::io_error, error.what()};
  } catch (const workloads::WrongBytes& error) {
    return {Outcome::pin_violation, error.what()};
  } catch (const collector::OptionsError&) {
    throw;
  } catch (const std::bad_alloc&) {
    return {Outcome::crashed, "the system gave no memory for the testbed's own tables"};
  } catch (const std::exception& error) {
    return {Outcome::crashed, error.what()};
  }
}

/// A program that ran to its end, and whose foreign code saw what it should not.
void Experiment::judge_boundary(Ending& ending, const workloads::WorkloadContext& context) {
  const pinning::BoundaryFigures boundary = context.pins.boundary();
  if (boundary.broken > 0) {
    ending = {Outcome::verification_failed,
              "foreign memory found " + std::to_string(boundary.broken) +
                  " times something else than the pinned object whose address it had"};
  } else if (boundary.violations() > 0) {
    ending = {Outcome::pin_violation, sentence_of(*boundary.first, context.runtime.pins().sites()) +
                                          "; the first of " +
                                          std::to_string(boundary.violations()) + " violations"};
  }
}

void Experiment::finish(RunResult& result, workloads::WorkloadContext& context) const {
  // Of a program with threads of its own, which have ended, the runtime knows the sum.
  const std::uint64_t clock = std::max(context.mutator.clock(), context.runtime.clock());
  Recording recording = recorder_.recording(clock);
  const heap::Digest collections = recording.digest;
  take_over(result, std::move(recording));
  ExactFigures& exact = result.exact;
  exact.pins = context.runtime.pins().counts();
  exact.pins_held = context.runtime.pins().held();
  exact.pins_peak = std::max({exact.pins_peak, context.pins.peak(), exact.pins_held});
  exact.pins_peak_bytes = std::max(exact.pins_peak_bytes, context.pins.peak_bytes());
  exact.limit = context.pins.limit_figures();
  exact.placement.pins = context.pins.placement_figures();
  exact.boundary = context.pins.boundary();
  exact.checked_stores = context.pins.checked_stores();
  exact.program_live_peak = context.live.peak;
  exact.adversary = context.adversary;
  exact.used_peak = std::max(exact.used_peak, context.runtime.heap().used_bytes());
  exact.committed_peak = std::max(exact.committed_peak, context.runtime.heap().committed_bytes());
  take_sites(result, context);
  take_digests(result, context, collections);
}

void Experiment::take_sites(RunResult& result, const workloads::WorkloadContext& context) {
  for (const collector::HeapMap& map : result.heap_maps) {
    for (const collector::CellIslands& islands : map.islands_by_cell) {
      if (islands.site && !std::ranges::count(result.sites, *islands.site, &SiteFigures::site)) {
        const std::string name = context.runtime.pins().sites().name(*islands.site);
        result.sites.push_back({.site = *islands.site, .name = name});
      }
    }
  }
  for (const workloads::SiteFigures& made : context.pins.site_figures()) {
    auto site = std::ranges::find(result.sites, made.site, &SiteFigures::site);
    if (site == result.sites.end()) {
      const std::string name = context.runtime.pins().sites().name(made.site);
      result.sites.push_back({.site = made.site, .name = name});
      site = result.sites.end() - 1;
    }
    site->stack = made.stack;
    site->made = made.made;
    site->ended = made.ended;
    site->made_bytes = made.bytes;
    const auto last =
        std::find_if(made.lifetimes.rbegin(), made.lifetimes.rend(), [](auto n) { return n > 0; });
    site->lifetimes.assign(made.lifetimes.begin(), last.base());
  }
}

void Experiment::take_digests(RunResult& result,
                              workloads::WorkloadContext& context,
                              heap::Digest digest) const {
  const std::string_view wanted = values_.word("record.digest");
  const bool sound =
      is_repeatable(result.outcome) && result.outcome != Outcome::verification_failed;
  if (wanted == "none" || !sound) {
    return;
  }
  if (const std::string chance = why_unrepeatable(values_); !chance.empty()) {
    result.reason += "; there is no digest: " + chance;
    return;
  }
  const collector::Digests of_heap =
      wanted == "sampled" ? context.runtime.sampled_digests(context.mutator)
      : wanted == "full"  ? context.runtime.digests(context.mutator)
                         : collector::Digests{.heap = context.runtime.heap_digest(context.mutator)};
  const ExactFigures& exact = result.exact;
  for (const std::uint64_t figure :
       {static_cast<std::uint64_t>(result.outcome), exact.allocated, exact.program_live_peak,
        exact.used_peak, exact.committed_peak, exact.pins.made, exact.pins.ended, exact.pins.leaked,
        exact.pins_held, exact.pins_peak, exact.pins_peak_bytes, of_heap.heap}) {
    digest.add(figure);
  }
  if (exact.adversary) {
    digest.add(exact.adversary->pins);
    digest.add(exact.adversary->top);
  }
  const auto add_all = [&](const auto& figures) {
    std::ranges::for_each(figures, [&](std::uint64_t figure) { digest.add(figure); });
  };
  add_all(exact.pins.needless);
  add_all(exact.pins.work);
  const workloads::LimitFigures& limit = exact.limit;
  add_all(std::array{limit.refused, limit.copied, limit.copied_bytes, limit.waits, limit.waited});
  const workloads::PlacementFigures& placement = exact.placement.pins;
  add_all(std::array{placement.apart, placement.beside, placement.waits, placement.waited,
                     placement.dropped, placement.sites});
  const pinning::BoundaryFigures& boundary = exact.boundary;
  add_all(std::array{boundary.stored, boundary.reads, boundary.bad_reads, boundary.moved,
                     boundary.freed, boundary.broken, exact.checked_stores});
  for (const heap::Wide sum : {boundary.exposure, boundary.overhang, boundary.need}) {
    digest.add(static_cast<std::uint64_t>(sum));
    digest.add(static_cast<std::uint64_t>(sum >> 64U));
  }
  result.digest = digest.value();
  if (wanted != "heap") {
    result.graph_digest = of_heap.graph;
  }
}

RunResult Experiment::abandoned(Outcome outcome, std::string reason) const {
  RunResult result{.outcome = outcome, .reason = std::move(reason), .parameters = values_};
  Recording recording;
  if (recorder_.try_recording(recording)) {
    take_over(result, std::move(recording));
    result.timed.total = nanoseconds_since(made_);
  } else {
    result.reason += "; a collection did not end, so nothing of it is known";
  }
  return result;
}

heap::Random workload_stream(const heap::ParameterValues& values) {
  constexpr std::uint64_t kWorkloadStream = 1;  // pins have another one
  return heap::Random(values.count("seed")).fork(kWorkloadStream);
}

RunResult run_experiment(const heap::ParameterValues& values) {
  return Experiment(values).run();
}

}  // namespace pinlab::harness
