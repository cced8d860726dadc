// A program outside of the source tree: a workload of its own, and all of pinlab around it. Built
// against what `meson install` put in place:
//
//   c++ -std=c++20 stairs.cpp $(pkg-config --cflags --libs pinlab) -o stairs
//   ./stairs run --workload=stairs --workload.steps=1000 --pin.share=1% --out=stairs.json
#include "heap/object.hpp"
#include "workloads/workload.hpp"
#include "harness/command_line.hpp"

#include <array>
#include <memory>
#include <string_view>
#include <vector>

namespace {

using namespace pinlab;

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.steps",
     .type = heap::ParameterType::count,
     .default_text = "100000",
     .summary = "objects of the staircase, each of which leads to the one before",
     .least = 1,
     .unit = "objects"},
});

/// Objects of 8, 16, 24, ... 512 bytes in turn; every thousandth drops all that came before.
class Stairs final : public workloads::Workload {
 public:
  explicit Stairs(const heap::ParameterValues& values) : steps_(values.count("workload.steps")) {}

  void run(workloads::WorkloadContext& context) override {
    collector::Root top(context.mutator);
    std::vector<workloads::PinToken> tokens;  // pins of pin.share end when their object is dropped
    for (std::uint64_t step = 0; step < steps_; ++step) {
      if (step % 1000 == 0) {
        top.set({});
        for (const workloads::PinToken token : tokens) {
          context.pins.dropped(token);
        }
        tokens.clear();
      }
      const heap::ObjectRef object =
          context.pins.allocate(context.mutator, {.references = 1, .bytes = 8 * (1 + step % 64)});
      context.mutator.store(object, 0, top.get());
      top.set(object);
      tokens.push_back(context.pins.born(object));
    }
    context.leave(top.get());
  }

 private:
  std::uint64_t steps_;
};

}  // namespace

int main(int argc, char** argv) {
  workloads::add_workload(
      {.name = "stairs",
       .summary = "a staircase of objects, which falls down again and again",
       .source = "an example",
       .parameters = kParameters,
       .make = [](const heap::ParameterValues& values) -> std::unique_ptr<workloads::Workload> {
         return std::make_unique<Stairs>(values);
       }});
  return harness::run_command_line(std::vector<std::string_view>(argv + 1, argv + argc));
}
