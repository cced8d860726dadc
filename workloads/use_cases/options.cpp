#include "workloads/use_cases/options.hpp"

#include "heap/support/expects.hpp"
#include "heap/support/wide.hpp"
#include "workloads/use_cases/background.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace pinlab::workloads {

namespace {

using heap::Parameter;
using heap::ParameterType;

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30U;
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kMostSize = std::uint64_t{256} << 20U;

constexpr std::array<std::string_view, 4> kArms = {"pin", "copy", "handle", "none"};
constexpr std::array<std::string_view, 5> kLifetimes = {"call", "operation", "session", "process",
                                                        "leak"};
constexpr std::array<std::string_view, 1> kAges = {"old"};
constexpr std::array<std::string_view, 3> kOrders = {"fifo", "lifo", "random"};
constexpr std::array<std::string_view, 2> kThreads = {"same", "other"};
constexpr std::array<std::string_view, 3> kForgottenFrom = {"nowhere", "global", "itself"};
constexpr std::array<std::string_view, 2> kCompletions = {"seeded", "arrival"};
constexpr std::array<std::string_view, 2> kIoKinds = {"io_uring", "threads"};
constexpr std::array<std::string_view, 3> kChannels = {"file", "pipe", "socket"};

constexpr auto kCommon = std::to_array<Parameter>({
    {.name = "workload.arm",
     .type = ParameterType::word,
     .default_text = "pin",
     .summary = "pins; or a control: copies, handles that keep alive, or neither",
     .choices = kArms},
    {.name = "workload.age",
     .type = ParameterType::count,
     .default_text = "0",
     .summary =
         "collections that an object has survived when it is pinned; old: out of the nursery",
     .most = 7,
     .choices = kAges,
     .unit = "collections"},
    {.name = "workload.lifetime",
     .type = ParameterType::word,
     .default_text = "operation",
     .summary = "what ends a pin: the call, the completion, a session, the program, or nothing",
     .choices = kLifetimes},
    {.name = "workload.session",
     .type = ParameterType::time,
     .default_text = "10ms",
     .summary = "with workload.lifetime=session: the shortest; Pareto with alpha 1.2",
     .least = 1,
     .most = 3600 * kSecond},
    {.name = "workload.set",
     .type = ParameterType::count,
     .default_text = "1",
     .summary = "buffers that are pinned together",
     .least = 1,
     .most = 1024,
     .unit = "buffers"},
    {.name = "workload.sizes",
     .type = ParameterType::text,
     .default_text = "4KiB",
     .summary =
         "bytes of a buffer: SHARE:SIZE,... or a size, or fixed(S), uniform(A,B), exp(MEAN), "
         "pareto(SHAPE,S), gamma(SHAPE,S), weibull(SHAPE,S), log_normal(MEDIAN,P99), "
         "log_uniform(A,B), or dacapo"},
    {.name = "workload.size_least",
     .type = ParameterType::size,
     .default_text = "1B",
     .summary = "what workload.sizes draws below that is this",
     .least = 1,
     .most = kMostSize},
    {.name = "workload.size_most",
     .type = ParameterType::size,
     .default_text = "1MiB",
     .summary = "what workload.sizes draws above that is this",
     .least = 1,
     .most = kMostSize},
    {.name = "workload.lasts",
     .type = ParameterType::text,
     .default_text = "100us",
     .summary = "how long foreign code has the buffers: SHARE:TIME,... or a time, or as in "
                "workload.sizes, or forever"},
    {.name = "workload.check_every",
     .type = ParameterType::count,
     .default_text = "0",
     .summary =
         "begun operations between two looks at everything that foreign code has; 0: each is "
         "looked at when it ends",
     .unit = "operations"},
    {.name = "workload.together",
     .type = ParameterType::flag,
     .default_text = "true",
     .summary = "whether a set is unpinned at once, where the shape has sets, or pin by pin"},
    {.name = "workload.order",
     .type = ParameterType::word,
     .default_text = "lifo",
     .summary = "in which order the pins of a set end, where they end one by one",
     .choices = kOrders},
    {.name = "workload.unpin_thread",
     .type = ParameterType::word,
     .default_text = "same",
     .summary = "whether another thread, which is no mutator, ends the pins",
     .choices = kThreads},
    {.name = "workload.forget",
     .type = ParameterType::share,
     .default_text = "0",
     .summary = "the chance that a set of pins is forgotten"},
    {.name = "workload.forgotten_from",
     .type = ParameterType::word,
     .default_text = "nowhere",
     .summary = "what still refers to a set that was forgotten: nothing, a global, or an object "
                "that it pins",
     .choices = kForgottenFrom},
    {.name = "workload.drop",
     .type = ParameterType::flag,
     .default_text = "false",
     .summary = "whether the program drops its references to what foreign code has, so that only "
                "a pin keeps it"},
    {.name = "workload.operations",
     .type = ParameterType::count,
     .default_text = "10000",
     .summary = "operations of each thread",
     .least = 1,
     .unit = "operations"},
    {.name = "workload.in_flight",
     .type = ParameterType::count,
     .default_text = "64",
     .summary = "operations of each thread at a time, at the most",
     .least = 1,
     .most = 1U << 20U,
     .unit = "operations"},
    {.name = "workload.interval",
     .type = ParameterType::time,
     .default_text = "20us",
     .summary = "mean time between two operations, exponential; 0s: the next when one has ended",
     .most = 3600 * kSecond},
    {.name = "workload.bytes_per_second",
     .type = ParameterType::size,
     .default_text = "1GiB",
     .summary = "what the program allocates in a second: turns times into bytes allocated",
     .least = 1U << 20U,
     .most = 1024 * kGiB},
    kBackgroundParameter,
    {.name = "workload.collect",
     .type = ParameterType::flag,
     .default_text = "true",
     .summary = "a full collection once the last operation has begun; where pins are forgotten, "
                "another one "
                "at the end"},
});

constexpr auto kIo = std::to_array<Parameter>({
    {.name = "workload.io",
     .type = ParameterType::word,
     .default_text = "io_uring",
     .summary = "who reads and writes: the kernel by io_uring, or threads with preadv and pwritev",
     .choices = kIoKinds},
    {.name = "workload.completion",
     .type = ParameterType::word,
     .default_text = "seeded",
     .summary = "completions come in an order from the seed, or as they arrive; then no digest",
     .choices = kCompletions},
    {.name = "workload.channel",
     .type = ParameterType::word,
     .default_text = "file",
     .summary = "what is read and written",
     .choices = kChannels},
    {.name = "workload.directory",
     .type = ParameterType::text,
     .default_text = "/tmp",
     .summary = "where files are put; they have no names"},
});

template <class Enum>
Enum enum_of(const heap::ParameterValues& values, std::string_view name) {
  const auto choices = values.find(name)->choices;
  return static_cast<Enum>(std::ranges::find(choices, values.word(name)) - choices.begin());
}

void check(const UseCaseOptions& options) {
  if (options.forgets() && options.arm != Arm::pin) {
    throw heap::ParameterError(
        "only pins can be forgotten: workload.forget and "
        "workload.lifetime=leak need workload.arm=pin");
  }
  if (options.size_most < options.size_least) {
    throw heap::ParameterError("workload.size_least is above workload.size_most");
  }
  const std::uint64_t most = options.sizes->most();
  if (most != Length::kForever && most > options.size_most) {
    throw heap::ParameterError("workload.sizes reaches " + std::to_string(most) +
                               " bytes, and workload.size_most is " +
                               std::to_string(options.size_most) + ": give both");
  }
  if (options.registered > 0 && options.set != 1) {
    throw heap::ParameterError(
        "workload.registered needs workload.set=1: a transfer to or from a registered buffer has "
        "one");
  }
}

}  // namespace

std::uint64_t UseCaseOptions::bytes_in(std::uint64_t nanoseconds) const {
  const heap::Wide bytes = static_cast<heap::Wide>(nanoseconds) * bytes_per_second / kSecond;
  constexpr heap::Wide longest = std::uint64_t{1} << 62U;
  return static_cast<std::uint64_t>(std::min(bytes, longest));
}

std::uint64_t UseCaseOptions::draw_size(heap::Random& random) const {
  return std::clamp(sizes->draw(random), size_least, size_most);
}

std::string_view name_of(LifetimeClass lifetime) {
  return kLifetimes[static_cast<std::size_t>(lifetime)];
}

std::vector<Parameter> use_case_parameters(Transfers transfers,
                                           Defaults defaults,
                                           std::span<const Parameter> own) {
  std::vector<Parameter> table(own.begin(), own.end());
  table.insert(table.end(), kCommon.begin(), kCommon.end());
  if (transfers == Transfers::yes) {
    table.insert(table.end(), kIo.begin(), kIo.end());
  }
  for (const auto& [name, text] : defaults) {
    const auto found = std::ranges::find(table, name, &Parameter::name);
    EXPECTS(found != table.end());
    found->default_text = text;
  }
  return table;
}

UseCaseOptions use_case_options(const heap::ParameterValues& values) {
  UseCaseOptions options{
      .arm = enum_of<Arm>(values, "workload.arm"),
      .age_old = values.is_word("workload.age"),
      .lifetime = enum_of<LifetimeClass>(values, "workload.lifetime"),
      .session = values.time("workload.session"),
      .set = static_cast<std::uint32_t>(values.count("workload.set")),
      .together = values.flag("workload.together"),
      .order = enum_of<UnpinOrder>(values, "workload.order"),
      .thread = enum_of<UnpinThread>(values, "workload.unpin_thread"),
      .forget = values.share("workload.forget"),
      .forgotten_from = enum_of<ForgottenFrom>(values, "workload.forgotten_from"),
      .operations = values.count("workload.operations"),
      .in_flight = values.count("workload.in_flight"),
      .interval = values.time("workload.interval"),
      .bytes_per_second = values.size("workload.bytes_per_second"),
      .live = values.size("workload.live"),
      .collect = values.flag("workload.collect"),
      .drop = values.flag("workload.drop"),
      .sizes = LengthMixture("workload.sizes", values.text("workload.sizes"), LengthUnit::size),
      .size_least = values.size("workload.size_least"),
      .size_most = values.size("workload.size_most"),
      .check_every = values.count("workload.check_every"),
  };
  if (const std::string& lasts = values.text("workload.lasts");
      lasts != kByTheUseCase || values.find("workload.lasts")->default_text != kByTheUseCase) {
    options.lasts.emplace("workload.lasts", lasts, LengthUnit::time);
  }
  if (values.find("workload.registered") != nullptr) {
    options.registered = values.count("workload.registered");
  }
  options.age = options.age_old ? 0 : static_cast<std::uint32_t>(values.count("workload.age"));
  if (values.find("workload.io") != nullptr) {
    options.does_io = true;
    options.io = enum_of<IoKind>(values, "workload.io");
    options.completions = enum_of<Completions>(values, "workload.completion");
    options.channel = enum_of<ChannelKind>(values, "workload.channel");
    options.directory = values.text("workload.directory");
  }
  // Parameters of the run, which a test of a workload alone need not have.
  if (values.find("mutator.threads") != nullptr) {
    options.threads = static_cast<std::uint32_t>(values.count("mutator.threads"));
    options.seed = values.count("seed");
  }
  check(options);
  return options;
}

}  // namespace pinlab::workloads
