// Lifetimes on the allocation clock: radioactive decay, where age tells nothing and no generational
// collector can win, mixtures of it, where it can, and lifetimes of any other shape. The closed
// forms that a collector is held to are in workloads/README.md.
#include "workloads/lengths.hpp"
#include "workloads/population.hpp"

#include <array>
#include <string>

namespace pinlab::workloads {

namespace {

using heap::ParameterType;

constexpr std::string_view kJavaLike = "0.9:64KiB,0.08:2MiB,0.02:64MiB";

constexpr auto kParameters = std::to_array<heap::Parameter>({
    {.name = "workload.lifetimes",
     .type = ParameterType::text,
     .default_text = "java_like",
     .summary = "SHARE:LIFETIME,...: a half-life, or fixed(L), exp(MEAN), uniform(A,B), "
                "pareto(SHAPE,L), gamma(SHAPE,L), weibull(SHAPE,L), log_normal(MEDIAN,P99), "
                "log_uniform(A,B), forever; java_like is 0.9:64KiB,0.08:2MiB,0.02:64MiB"},
    {.name = "workload.allocate",
     .type = ParameterType::duration,
     .default_text = "512MiB",
     .summary = "how much is allocated until the program ends"},
    {.name = "workload.size_least",
     .type = ParameterType::size,
     .default_text = "16B",
     .summary = "bytes of the smallest object, its header apart",
     .most = heap::kMaxObjectBytes / 2},
    {.name = "workload.size_most",
     .type = ParameterType::size,
     .default_text = "112B",
     .summary = "bytes of the largest object; sizes are uniform between the two",
     .most = heap::kMaxObjectBytes / 2},
    {.name = "workload.request",
     .type = ParameterType::count,
     .default_text = "1000",
     .summary = "births that are one scope, for pins that end with a scope",
     .least = 1,
     .unit = "objects"},
});

/// One site for each component of the mixture.
class ComponentNames final : public SiteNames {
 public:
  [[nodiscard]] std::string name(std::uint32_t site) const override {
    return "lifetime " + std::to_string(site + 1);
  }
};

class Decay final : public Workload {
 public:
  explicit Decay(const heap::ParameterValues& values)
      : mixture_("workload.lifetimes", text_of(values.text("workload.lifetimes"))),
        allocate_(values.duration("workload.allocate")),
        size_least_(values.size("workload.size_least")),
        size_most_(values.size("workload.size_most")),
        request_(values.count("workload.request")) {
    if (size_most_ < size_least_) {
      throw heap::ParameterError("workload.size_least is above workload.size_most");
    }
  }

  void run(WorkloadContext& context) override {
    context.pins.use_names(names_);
    Population population(context);
    heap::Random& random = context.random;
    while (population.clock() < allocate_) {
      const PinScope request(context.pins);
      for (std::uint64_t i = 0; i < request_ && population.clock() < allocate_; ++i) {
        const std::uint64_t bytes = size_least_ + random.below(size_most_ - size_least_ + 1);
        const std::size_t component = mixture_.choose(random);
        const std::uint64_t lifetime = mixture_.components()[component].length.draw(random);
        population.birth({.references = 0, .bytes = bytes}, lifetime,
                         static_cast<std::uint32_t>(component));
      }
    }
  }

 private:
  static std::string_view text_of(std::string_view text) {
    return text == "java_like" ? kJavaLike : text;
  }

  LengthMixture mixture_;
  std::uint64_t allocate_;
  std::uint64_t size_least_;
  std::uint64_t size_most_;
  std::uint64_t request_;
  ComponentNames names_;
};

}  // namespace

WorkloadEntry workload_decay() {
  return {
      .name = "decay",
      .summary = "lifetimes by the clock: half-lives, mixtures of them, gamma, Weibull and more",
      .source =
          "Clinger and Hansen, PLDI 1997; Clinger and Rojas 2006; Stefanovic et al., ISMM "
          "2000",
      .parameters = kParameters,
      .make = [](const heap::ParameterValues& values) -> std::unique_ptr<Workload> {
        return std::make_unique<Decay>(values);
      }};
}

}  // namespace pinlab::workloads
