// A program with the sizes and lifetimes of a measured one: objects of each size class are born at
// the class's rate and die at random at the rate that keeps its population. The heap begins as it
// goes on: filled from the distribution of what lives.
#include "workloads/allocation_profile.hpp"
#include "workloads/draws.hpp"
#include "workloads/population.hpp"

#include <array>
#include <string>

namespace pinlab::workloads {

namespace {

using heap::ParameterType;

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.profile",
     .type = ParameterType::text,
     .default_text = "dacapo",
     .summary =
         "a CSV file size,alloc_rate,num_live (workloads/README.md), or dacapo: the sizes of "
         "DaCapo Chopin"},
    {.name = "workload.live",
     .type = ParameterType::size,
     .default_text = "64MiB",
     .summary = "bytes that live at once: the profile is scaled to it",
     .least = 1024,
     .most = std::uint64_t{1} << 34U},
    {.name = "workload.allocate",
     .type = ParameterType::duration,
     .default_text = "512MiB",
     .summary = "how much is allocated, once the heap is filled, until the program ends"},
    {.name = "workload.request",
     .type = ParameterType::count,
     .default_text = "1000",
     .summary = "births that are one scope, for pins that end with a scope",
     .least = 1,
     .unit = "objects"},
});

class ClassNames final : public SiteNames {
 public:
  explicit ClassNames(const AllocationProfile& profile) : profile_(profile) {}
  [[nodiscard]] std::string name(std::uint32_t site) const override {
    return "class " + std::to_string(site) + " of " +
           std::to_string(profile_.classes()[site].bytes) + " bytes";
  }

 private:
  const AllocationProfile& profile_;
};

class Empirical final : public Workload {
 public:
  explicit Empirical(const heap::ParameterValues& values)
      : profile_(values.text("workload.profile")),
        live_(values.size("workload.live")),
        allocate_(values.duration("workload.allocate")),
        request_(values.count("workload.request")),
        names_(profile_) {}

  void run(WorkloadContext& context) override {
    context.pins.use_names(names_);
    Population population(context);
    heap::Random& random = context.random;
    for (std::uint64_t left = profile_.objects_in(live_); left > 0; --left) {
      // What has no memory may be met at any age: its rest is as long as its whole.
      const std::size_t size_class = profile_.draw_living(random);
      population.settle(shape_of(size_class), draw_lifetime(size_class, random),
                        site_of(size_class));
    }
    const std::uint64_t end = population.clock() + allocate_;
    while (population.clock() < end) {
      const PinScope request(context.pins);
      for (std::uint64_t i = 0; i < request_ && population.clock() < end; ++i) {
        const std::size_t size_class = profile_.draw_birth(random);
        population.birth(shape_of(size_class), draw_lifetime(size_class, random),
                         site_of(size_class));
      }
    }
  }

 private:
  [[nodiscard]] heap::Shape shape_of(std::size_t size_class) const {
    return {.references = 0, .bytes = profile_.classes()[size_class].bytes - heap::kGranuleBytes};
  }
  [[nodiscard]] std::uint64_t draw_lifetime(std::size_t size_class, heap::Random& random) const {
    const std::uint64_t mean = profile_.lifespan(size_class, live_);
    return mean == Population::kForever ? mean : draw_exponential(mean, random);
  }
  static std::uint32_t site_of(std::size_t size_class) {
    return static_cast<std::uint32_t>(size_class);
  }

  AllocationProfile profile_;
  std::uint64_t live_;
  std::uint64_t allocate_;
  std::uint64_t request_;
  ClassNames names_;
};

}  // namespace

WorkloadEntry workload_empirical() {
  return {.name = "empirical",
          .summary = "the sizes and lifetimes of a measured program, from a profile",
          .source = "Google fleetbench's format and model; DaCapo Chopin's object sizes",
          .parameters = kParameters,
          .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
            return std::make_unique<Empirical>(values);
          }};
}

}  // namespace pinlab::workloads
