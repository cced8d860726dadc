// Who pins, where the program gives no name: the code that called, of every so many pins one.
#pragma once

#include "pinning/pin_site.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace pinlab::pinning {

/// From any thread. A site that is found so is named function+offset where the program has dynamic
/// symbols, else file+offset: what addr2line reads, and the same for each run of one build.
class SiteSampler {
 public:
  /// Every period-th pin is sampled, the first one included; 0: none.
  void set_period(std::uint64_t period) { period_.store(period, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t period() const { return period_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool is_on() const { return period() != 0; }

  /// The site of `caller`, or 0 where this pin is not sampled. REQUIRES is_on().
  [[nodiscard]] SiteId sample(const void* caller, SiteTable& table);

 private:
  std::atomic<std::uint64_t> period_{0};
  std::atomic<std::uint64_t> count_{0};
  std::mutex mutex_;
  std::unordered_map<const void*, SiteId> found_;
};

}  // namespace pinlab::pinning
