// W5: frame buffers that stay pinned for as long as the program runs, and vertex arrays that are
// pinned again for each frame.
#include "workloads/use_cases/use_case.hpp"

#include <array>

namespace pinlab::workloads {

namespace {

using heap::ParameterType;

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.frame_buffers",
     .type = ParameterType::count,
     .default_text = "3",
     .summary = "frame buffers, the first operations of a thread",
     .most = 64,
     .unit = "buffers"},
    {.name = "workload.frame_bytes",
     .type = ParameterType::size,
     .default_text = "8294400B",
     .summary = "bytes of a frame buffer; 1920 x 1080 x 4, and 33177600B for 4K",
     .least = 1,
     .most = std::uint64_t{256} << 20U},
});

class FrameBuffers final : public UseCase {
 public:
  FrameBuffers(const heap::ParameterValues& values, const UseCaseOptions& options)
      : options_(options),
        frame_buffers_(values.count("workload.frame_buffers")),
        frame_bytes_(values.size("workload.frame_bytes")) {}

  [[nodiscard]] std::string_view name() const override { return "frame_buffers"; }
  [[nodiscard]] std::uint64_t most_bytes() const override {
    return options_.set * options_.size_most;
  }

  [[nodiscard]] OperationPlan plan(std::uint64_t index, heap::Random& random) const override {
    if (index < frame_buffers_) {
      return {.ending = TransferEnding::never, .buffers = {frame_bytes_}};
    }
    OperationPlan plan{.transfers = Transfers::yes, .direction = IoDirection::write};
    for (std::uint32_t i = 0; i < options_.set; ++i) {
      plan.buffers.push_back(options_.draw_size(random));
    }
    draw_end(plan, options_, random);
    return plan;
  }

 private:
  UseCaseOptions options_;
  std::uint64_t frame_buffers_;
  std::uint64_t frame_bytes_;
};

}  // namespace

WorkloadEntry workload_frame_buffers() {
  static const auto table = use_case_parameters(Transfers::yes,
                                                {{"workload.lifetime", "call"},
                                                 {"workload.sizes", "log_uniform(1KiB,64KiB)"},
                                                 {"workload.lasts", "16700us"},
                                                 {"workload.set", "64"},
                                                 {"workload.operations", "60"},
                                                 {"workload.in_flight", "1"},
                                                 {"workload.interval", "0s"}},
                                                kParameters);
  return {.name = "frame_buffers",
          .summary = "W5: frame buffers pinned for ever, vertex arrays for each frame",
          .source = "golang/go#46787: aclements, beoran; eliasnaur's dissent",
          .parameters = table,
          .make = make_use_case_of<FrameBuffers>,
          .most_threads = kMostThreads};
}

}  // namespace pinlab::workloads
