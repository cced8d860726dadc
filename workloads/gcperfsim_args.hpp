// GCPerfSim's command line, as the .NET team publishes it: '-tc 4 -tagb 50 -tlgb 2 -sohsi 50 ...'.
// Every documented argument is taken, or refused by name with the reason; none is passed over.
#pragma once

#include <cstdint>
#include <string_view>

namespace pinlab::workloads {

/// A kind of object: those of the small, the large and the pinned object heap of .NET.
struct PerfSimBucket {
  std::uint64_t size_least = 0;
  std::uint64_t size_most = 0;      ///< not reached, as in GCPerfSim
  std::uint64_t survive_every = 0;  ///< every so-many-th object survives; 0: none
  std::uint64_t request_every = 0;  ///< or lives as long as its request
  std::uint64_t pin_every = 0;      ///< every so-many-th survivor is pinned; 0: none
  std::uint64_t per_thousand = 0;   ///< of the bytes allocated
  bool pinned_at_birth = false;
};

enum class PerfSimItem : std::uint8_t { simple, reference };

struct PerfSimArguments {
  std::uint64_t threads = 4;
  std::uint64_t allocate = 0;  ///< bytes, of all threads
  std::uint64_t live = 0;
  std::uint64_t request_allocate = 0;  ///< bytes of a request, of one thread
  std::uint64_t request_live = 0;
  PerfSimItem item = PerfSimItem::reference;
  bool compute = false;
  bool verify_live_size = false;
  bool full_collection_at_end = false;
  PerfSimBucket small = {.size_least = 100,
                         .size_most = 4000,
                         .survive_every = 30,
                         .request_every = 3,
                         .pin_every = 100};
  PerfSimBucket large = {.size_least = 102'400,
                         .size_most = 204'800,
                         .survive_every = 5,
                         .request_every = 2,
                         .pin_every = 100};
  PerfSimBucket pinned = {.size_least = 100, .size_most = 204'800, .pinned_at_birth = true};
};

/// Throws ParameterError, whose sentence names the argument.
[[nodiscard]] PerfSimArguments parse_perf_sim(std::string_view text);

}  // namespace pinlab::workloads
