#include "harness/environment.hpp"

#include "harness/build_info.hpp"
#include "harness/commit.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <ctime>
#include <sstream>
#include <string_view>

#include <fcntl.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace pinlab::harness {

namespace {

/// The first lines of a file of the system, as far as they are of use here, or nothing. Not by a
/// stream: one costs more than the file.
std::string head_of(const char* path) {
  std::array<char, 1024> text;  // NOLINT(*-member-init): read() fills it
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t size = file < 0 ? 0 : ::read(file, text.data(), text.size());
  if (file >= 0) {
    ::close(file);
  }
  return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

/// The first line of a file, or nothing.
std::string first_line(const char* path) {
  const std::string text = head_of(path);
  return text.substr(0, text.find('\n'));
}

std::string processor_name() {
  const std::string text = head_of("/proc/cpuinfo");
  constexpr std::string_view name = "model name";
  const std::size_t line = text.starts_with(name) ? 0 : text.find("\n" + std::string(name));
  const std::size_t colon = text.find(": ", line);
  if (line == std::string::npos || colon == std::string::npos) {
    return "unknown";
  }
  return text.substr(colon + 2, text.find('\n', colon) - colon - 2);
}

std::uint64_t usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) {
    return 0;
  }
  return static_cast<std::uint64_t>(CPU_COUNT(&set));
}

/// "always [madvise] never" is madvise.
std::string chosen_word(const std::string& line) {
  const std::size_t open = line.find('[');
  const std::size_t close = line.find(']');
  return open < close && close != std::string::npos ? line.substr(open + 1, close - open - 1)
                                                    : "none";
}

std::uint64_t huge_page_bytes() {
  const std::string text = first_line("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size");
  std::uint64_t bytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), bytes);
  return bytes;
}

/// The least of some rounds: other work on the machine only adds to it.
std::uint64_t measure_timer() {
  using Clock = std::chrono::steady_clock;
  constexpr int readings = 100;
  std::uint64_t least = ~std::uint64_t{0};
  for (int round = 0; round < 10; ++round) {
    const auto begin = Clock::now();
    auto end = begin;
    for (int i = 0; i < readings; ++i) {
      end = Clock::now();
    }
    least = std::min(least, static_cast<std::uint64_t>((end - begin).count()) / readings);
  }
  return least;
}

std::string utc_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), length};
}

std::string build_text() {
#ifdef NDEBUG
  const std::string assertions = "assertions off";
#else
  const std::string assertions = "assertions on";
#endif
  std::string text = std::string(kBuildType) + ", " + assertions;
  if (kSanitizers != "none") {
    text += ", sanitizers " + std::string(kSanitizers);
  }
  return text;
}

std::string compiler_text() {
#ifdef __clang__
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

}  // namespace

Environment this_environment() {
  utsname system{};
  uname(&system);
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return {
      .version = std::string(kVersion),
      .commit = std::string(kCommit),
      .compiler = compiler_text(),
      .build = build_text(),
      .kernel = std::string(system.sysname) + " " + system.release + " " + system.machine,
      .processor = processor_name(),
      .cores = usable_cores(),
      .memory = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * page,
      .page_size = page,
      .huge_page_size = huge_page_bytes(),
      .huge_pages = chosen_word(first_line("/sys/kernel/mm/transparent_hugepage/enabled")),
      .timer_cost = measure_timer(),
      .date = utc_now(),
  };
}

std::vector<std::string> measuring_problems(const Environment& environment) {
  std::vector<std::string> problems;
  if (kBuildType == "debug" || kBuildType == "plain") {
    problems.emplace_back("the build type is " + std::string(kBuildType) +
                          ": use debugoptimized or release");
  }
  if (kSanitizers != "none") {
    problems.emplace_back("sanitizers are built in: " + std::string(kSanitizers));
  }
  double load = 0;
  std::istringstream(first_line("/proc/loadavg")) >> load;
  if (load > 0.5 * static_cast<double>(std::max<std::uint64_t>(environment.cores, 1))) {
    std::ostringstream text;
    text << "other work is running: the load of the last minute is " << load << " on "
         << environment.cores << " cores";
    problems.push_back(text.str());
  }
  const std::string governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  if (!governor.empty() && governor != "performance") {
    problems.push_back("the frequency governor is " + governor + ", not performance");
  }
  const std::string turbo = first_line("/sys/devices/system/cpu/intel_pstate/no_turbo");
  if (turbo == "0") {
    problems.emplace_back("turbo is on: clocks depend on temperature and on the other cores");
  }
  if (environment.huge_pages == "always") {
    problems.emplace_back(
        "transparent huge pages are always on: when they come is up to the kernel");
  }
  if (environment.timer_cost > 100) {
    problems.push_back("reading the clock takes " + std::to_string(environment.timer_cost) +
                       " ns: phases shorter than a few of these mean little");
  }
  if (environment.cores < 2) {
    problems.emplace_back("there is one core: whatever else runs stops the program");
  }
  const std::string quota = first_line("/sys/fs/cgroup/cpu.max");
  if (!quota.empty() && !quota.starts_with("max")) {
    problems.push_back("a control group limits the processor: cpu.max is " + quota);
  }
  return problems;
}

std::string version_line() {
  return "pinlab " + std::string(kVersion) + " (" + std::string(kCommit) + ", " + compiler_text() +
         ", " + build_text() + ")";
}

}  // namespace pinlab::harness
