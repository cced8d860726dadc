// What the harness can do, a C++ program can: a heap, objects, pins, collections, and a look at
// what the pins cost. Prints a few lines; ends with 1 where something is not as it says.
#include "pinning/shapes/pinner.hpp"
#include "collector/runtime.hpp"

#include <cstdint>
#include <cstdio>
#include <vector>

namespace {

using namespace pinlab;

/// A listener: what each collection did, while it is still known.
class Printer final : public collector::PauseObserver {
 public:
  void paused(const collector::PauseReport& report) override {
    const auto kind = collector::kPauseKindNames[static_cast<std::size_t>(report.kind)];
    std::printf("%.*s collection: %llu objects survived, %llu bytes of islands, %llu bytes used\n",
                static_cast<int>(kind.size()), kind.data(),
                static_cast<unsigned long long>(report.survivor_objects),
                static_cast<unsigned long long>(report.island_bytes),
                static_cast<unsigned long long>(report.after.used));
  }
};

void print(const char* when, const collector::Census& census) {
  std::printf("%s: %llu bytes in used blocks, %llu free in %llu runs, the largest %llu\n", when,
              static_cast<unsigned long long>(census.used),
              static_cast<unsigned long long>(census.free),
              static_cast<unsigned long long>(census.free_runs),
              static_cast<unsigned long long>(census.largest_free_run));
}

int run() {
  collector::Options options;
  options.heap_max = std::uint64_t{64} << 20U;
  options.nursery_size = std::uint64_t{4} << 20U;
  collector::Runtime runtime(options);
  Printer printer;
  runtime.add_observer(printer);
  const auto mutator = runtime.attach();

  // A list of 100,000 objects: a reference and 56 bytes each. Only the newest lies in a root.
  collector::Root newest(*mutator);
  for (int i = 0; i < 100'000; ++i) {
    const heap::ObjectRef object = mutator->allocate({.references = 1, .bytes = 56});
    mutator->store(object, 0, newest.get());
    newest.set(object);
  }

  // Foreign code gets the address of every thousandth. The others may move, these may not.
  const pinning::SiteId site = runtime.pins().sites().intern("library_use.cpp: every thousandth");
  pinning::Pinner pinner(runtime.pins());
  std::vector<heap::ObjectRef> given_away;
  int position = 0;
  for (heap::ObjectRef object = newest.get(); object; object = object.load(0)) {
    if (position++ % 1000 == 0) {
      pinner.pin(object, site);
      given_away.push_back(object);
    }
  }
  newest.set({});  // the program forgets the list: the pins keep it alive
  mutator->collect_full();
  print("with pins", runtime.census(*mutator));
  bool held = true;
  for (const heap::ObjectRef object : given_away) {
    held = held && runtime.pins().is_pinned(object) && object.references() == 1;
  }

  pinner.unpin();
  mutator->collect_full();
  const collector::Census census = runtime.census(*mutator);
  print("without", census);
  std::printf("%zu addresses held: %s\n", given_away.size(), held ? "yes" : "no");
  return held && census.used == 0 ? 0 : 1;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "library_use: %s\n", error.what());
    return 1;
  }
}
