#include "workloads/use_cases/use_case.hpp"

#include "collector/safe_region.hpp"
#include "workloads/use_cases/operations.hpp"

#include <array>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace pinlab::workloads {

void draw_end(OperationPlan& plan, const UseCaseOptions& options, heap::Random& random) {
  const std::uint64_t time = options.lasts->draw(random);
  if (time != Length::kForever) {
    plan.lasts = options.bytes_in(time);
    return;
  }
  // What never ends is a read of what never comes.
  plan.ending = TransferEnding::never;
  plan.direction = IoDirection::read;
}

namespace {

class UseCaseNames final : public SiteNames {
 public:
  explicit UseCaseNames(std::string_view use_case) : use_case_(use_case) {}
  [[nodiscard]] std::string name(std::uint32_t site) const override {
    constexpr std::array<std::string_view, 6> what = {"background", "buffer",  "vector",
                                                      "time limit", "control", "registered buffer"};
    return std::string(use_case_) + " " + std::string(what.at(site));
  }

 private:
  std::string_view use_case_;
};

/// The first failure of any thread, and a sign for the others.
class FirstFailure {
 public:
  template <class Work>
  void guard(Work&& work) {
    try {
      work();
    } catch (const AnotherThreadFailed&) {
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) {
        failure_ = std::current_exception();
      }
      stop_.store(true, std::memory_order_relaxed);
    }
  }
  void rethrow() const {
    if (failure_) {
      std::rethrow_exception(failure_);
    }
  }
  [[nodiscard]] const std::atomic<bool>& stop() const { return stop_; }

 private:
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::atomic<bool> stop_{false};
};

class UseCaseWorkload final : public Workload {
 public:
  UseCaseWorkload(std::unique_ptr<UseCase> use_case, const UseCaseOptions& options)
      : use_case_(std::move(use_case)), options_(options), names_(use_case_->name()) {}

  void run(WorkloadContext& context) override {
    context.pins.use_names(names_);
    FirstFailure failures;
    if (options_.threads == 1) {
      Operations(context, context.mutator, *use_case_, options_, context.random, failures.stop())
          .run();
      return;
    }
    if (context.pins.enabled()) {
      throw collector::OptionsError(
          "pin.share, pin.count and pin.rate go with mutator.threads=1: with more, a use case "
          "makes "
          "its own pins alone");
    }
    run_threads(context, failures);
    failures.rethrow();
  }

 private:
  void run_threads(WorkloadContext& context, FirstFailure& failures) const {
    std::vector<std::thread> threads;
    context.pins.room().begin_threads(options_.threads);
    const collector::SafeRegion outside(context.mutator);
    for (std::uint64_t i = 0; i < options_.threads; ++i) {
      threads.emplace_back([&, i] {
        failures.guard([&] {
          const auto mutator = context.runtime.attach();
          Operations(context, *mutator, *use_case_, options_, context.random.fork(1000 + i),
                     failures.stop())
              .run();
        });
        context.pins.room().end_thread();
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  }

  std::unique_ptr<UseCase> use_case_;
  UseCaseOptions options_;
  UseCaseNames names_;
};

}  // namespace

std::unique_ptr<Workload> make_use_case(std::unique_ptr<UseCase> use_case,
                                        const UseCaseOptions& options) {
  return std::make_unique<UseCaseWorkload>(std::move(use_case), options);
}

}  // namespace pinlab::workloads
