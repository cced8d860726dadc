// A run without the harness, for scripts/bench-harness: the same program, heap and seed as `pinlab
// run` with these parameters, and nothing that records, measures, watches or writes.
//
//   bare_run --heap.max=64MiB --pin.share=1%
//
// Prints what shows that it was the same run: bytes allocated, and collections by kind; then how
// long the program ran; with --graph, which takes time, the digest of the graph that the program
// left; with --digests, how long digests of the final heap take.
//
//   bare_run pinlab run --heap.max=64MiB --pin.share=1% --out=FILE
//
// is pinlab itself, out of this executable: in another one the same loops lie at other addresses,
// which alone makes a run some per cent slower or faster.
#include "collector/runtime.hpp"
#include "workloads/ambiguous_words.hpp"
#include "harness/command_line.hpp"
#include "harness/experiment.hpp"
#include "harness/parameter_table.hpp"
#include "harness/record.hpp"
#include "harness/settings.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string_view>
#include <vector>

namespace {

using namespace pinlab;

template <class Take>
long long microseconds(Take&& take) {
  const auto begin = std::chrono::steady_clock::now();
  static_cast<void>(take());
  const auto passed = std::chrono::steady_clock::now() - begin;
  return std::chrono::duration_cast<std::chrono::microseconds>(passed).count();
}

struct Wanted {
  bool graph = false;
  bool digests = false;
};

int run(const harness::Settings& settings, Wanted wanted) {
  const heap::ParameterValues values = harness::resolve({}, settings);
  const auto workload = harness::workload_called(values.word("workload")).make(values);
  collector::Options options = harness::collector_options(values);
  options.measure_census = false;
  options.measure_hostage = false;
  options.measure_pins = 0;
  collector::Runtime runtime(options);
  const workloads::AmbiguousWords words(runtime, harness::ambiguous_options(values));
  const auto mutator = runtime.attach();
  workloads::PinPressure pins(runtime, harness::pin_options(values));
  workloads::WorkloadContext context{.runtime = runtime,
                                     .mutator = *mutator,
                                     .pins = pins,
                                     .random = harness::workload_stream(values)};
  const long long took = microseconds([&] {
    workload->run(context);
    runtime.throw_pin_reports();
    return 0;
  });
  const auto clock = std::max(mutator->clock(), runtime.clock());
  std::printf("allocated %llu young %llu full %llu\n", static_cast<unsigned long long>(clock),
              static_cast<unsigned long long>(runtime.collections() - runtime.full_collections()),
              static_cast<unsigned long long>(runtime.full_collections()));
  std::printf("program %lld us\n", took);
  if (wanted.digests) {
    const long long sampled = microseconds([&] { return runtime.sampled_digests(*mutator); });
    const long long full = microseconds([&] { return runtime.digests(*mutator); });
    std::printf("digests sampled %lld us full %lld us\n", sampled, full);
  }
  if (wanted.graph) {
    std::printf("graph_digest %s\n", harness::digest_text(runtime.graph_digest(*mutator)).c_str());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "pinlab") {
    return harness::run_command_line(std::vector<std::string_view>(argv + 2, argv + argc));
  }
  harness::Settings settings;
  Wanted wanted;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::size_t equals = word.find('=');
    if (word == "--graph") {
      wanted.graph = true;
    } else if (word == "--digests") {
      wanted.digests = true;
    } else if (word.starts_with("--") && equals != std::string_view::npos) {
      settings.push_back(
          {std::string(word.substr(2, equals - 2)), std::string(word.substr(equals + 1))});
    } else {
      std::fprintf(stderr, "bare_run: --name=value, not %s\n", argv[i]);
      return 2;
    }
  }
  try {
    return run(settings, wanted);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bare_run: %s\n", error.what());
    return 2;
  }
}
