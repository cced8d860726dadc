// The use cases of pins: every one with every control, shape, age, lifetime and leak, every byte
// checked, and the same twice.
#include "pinning/shape.hpp"
#include "workloads/io/descriptor.hpp"
#include "workloads/tests/use_case_world.hpp"
#include "workloads/use_cases/options.hpp"

#include <doctest/doctest.h>

namespace pinlab::workloads::tests {
namespace {

/// What a run is refused with; empty where it is not.
std::string refusal(const WorkloadEntry& entry,
                    const Settings& settings,
                    const PinPressureOptions& pressure) {
  try {
    static_cast<void>(run_use_case(entry, settings, pressure));
    return {};
  } catch (const collector::OptionsError& error) {
    return error.what();
  } catch (const heap::ParameterError& error) {
    return error.what();
  }
}

TEST_CASE("every use case runs with pins and with each control, and only pins pin") {
  for (const WorkloadEntry& entry : use_cases()) {
    for (const char* arm : {"pin", "copy", "handle", "none"}) {
      CAPTURE(entry.name);
      CAPTURE(arm);
      const UseCaseEnding ending = run_use_case(entry, {{"workload.arm", arm}});
      CHECK(ending.moved > 0);
      CHECK((ending.pins.made > 0) == (std::string_view(arm) == "pin"));
      CHECK(ending.pins.made == ending.pins.ended);
      CHECK(ending.leaks == 0);
    }
  }
}

TEST_CASE("a use case has one digest, whoever does its input and output") {
  for (const WorkloadEntry& entry : use_cases()) {
    CAPTURE(entry.name);
    const std::uint64_t digest = run_use_case(entry, {}).digest;
    CHECK(run_use_case(entry, {}).digest == digest);
    if (!has(entry, "workload.io")) {
      continue;
    }
    CHECK(run_use_case(entry, {{"workload.io", "threads"}}).digest == digest);
    for (const char* channel : {"file", "pipe", "socket"}) {
      // The bytes are the same whatever they went through.
      CHECK(run_use_case(entry, {{"workload.channel", channel}}).digest == digest);
    }
  }
}

TEST_CASE("sizes, their bounds and times are parameters of every use case") {
  for (const WorkloadEntry& entry : use_cases()) {
    CAPTURE(entry.name);
    const Settings fixed = {{"workload.sizes", "1000B"},  {"workload.size_most", "1000B"},
                            {"workload.lasts", "1us"},    {"workload.interval", "100us"},
                            {"workload.set", "1"},        {"workload.operations", "40"},
                            {"workload.lifetime", "call"}};
    Settings longer = fixed;
    longer["workload.lasts"] = "5ms";
    const UseCaseEnding short_lived = run_use_case(entry, fixed);
    const UseCaseEnding long_lived = run_use_case(entry, longer);
    CHECK(short_lived.pins.made > 0);
    // Of frames there is one at a time, and all guards are set in the beginning.
    if (entry.name != "frame_buffers" && entry.name != "guards") {
      CHECK(long_lived.peak > short_lived.peak);
    }
    Settings larger = fixed;
    larger["workload.sizes"] = "5000B";
    larger["workload.size_most"] = "5000B";
    CHECK(run_use_case(entry, larger).digest != short_lived.digest);
    CHECK(refusal(entry, {{"workload.sizes", "2MiB"}, {"workload.size_most", "1MiB"}}, {})
              .find("workload.sizes reaches 2097152 bytes") != std::string::npos);
    CHECK(refusal(entry, {{"workload.sizes", "50us"}}, {}).starts_with("workload.sizes"));
    CHECK(refusal(entry, {{"workload.lasts", "4KiB"}}, {}).starts_with("workload.lasts"));
  }
}

TEST_CASE("sizes keep within their bounds") {
  heap::ParameterValues values(use_case_parameters(Transfers::no, {}, {}));
  values.set("workload.sizes", "0.5:1B,0.5:exp(4KiB)");
  values.set("workload.size_least", "2000B");
  values.set("workload.size_most", "5000B");
  const UseCaseOptions options = use_case_options(values);
  heap::Random random(1);
  std::map<std::uint64_t, std::uint64_t> sizes;
  for (int i = 0; i < 10'000; ++i) {
    ++sizes[options.draw_size(random)];
  }
  CHECK(sizes.begin()->first == 2000);
  CHECK(sizes.rbegin()->first == 5000);
  CHECK(sizes[2000] > 5000);
  CHECK(sizes.size() > 1000);
}

TEST_CASE("everything that foreign code has can be looked at meanwhile") {
  for (const WorkloadEntry& entry : use_cases()) {
    CAPTURE(entry.name);
    const std::uint64_t digest = run_use_case(entry, {}).digest;
    CHECK(run_use_case(entry, {{"workload.check_every", "1"}}).digest == digest);
  }
}

TEST_CASE("completions may come as they arrive") {
  for (const WorkloadEntry& entry : use_cases()) {
    for (const char* io : {"io_uring", "threads"}) {
      if (has(entry, "workload.completion")) {
        CAPTURE(entry.name);
        const UseCaseEnding ending = run_use_case(entry, {{"workload.completion", "arrival"},
                                                          {"workload.io", io},
                                                          {"workload.channel", "pipe"}});
        CHECK(ending.pins.made > 0);
        CHECK(ending.pins.made == ending.pins.ended);
      }
    }
  }
}

TEST_CASE("every shape carries a use case, or is refused with a sentence that says why") {
  std::size_t turn = 0;
  for (const WorkloadEntry& entry : use_cases()) {
    for (const auto& shape : pinning::pin_shapes()) {
      for (const char* lifetime : {"call", "operation"}) {
        CAPTURE(entry.name);
        CAPTURE(shape.name);
        CAPTURE(lifetime);
        const pinning::ShapeFacts facts = shape.make()->facts();
        const std::uint64_t limit = facts.name == "limited" ? 1U << 30U : 0;
        const bool runs = facts.holds_still && (std::string_view(lifetime) == "call" ||
                                                facts.uses.has(pinning::PinUse::operation));
        if (runs && (++turn % 6 != 0 || facts.name == "parked_thread")) {
          continue;  // a sixth of them, and none with a thread for each of ten thousand pins
        }
        const Settings settings = {{"workload.lifetime", lifetime},
                                   {"workload.order", "lifo"},
                                   {"workload.unpin_thread", "same"}};
        std::string sentence;
        try {
          sentence = refusal(entry, settings, {.shape = std::string(shape.name), .limit = limit});
        } catch (const collector::GcBlocked&) {
          CHECK(facts.name == "critical");  // its sections hold back collections, by intention
          continue;
        }
        if (!facts.holds_still) {
          CHECK(sentence.find("holds nothing in place") != std::string::npos);
        } else if (std::string_view(lifetime) == "operation" &&
                   !facts.uses.has(pinning::PinUse::operation)) {
          CHECK(sentence.find("cannot express workload.lifetime=operation") != std::string::npos);
          CHECK(sentence.find("shapes that can are") != std::string::npos);
        } else {
          CHECK(sentence.empty());
        }
      }
    }
  }
}

TEST_CASE("a use case under limited needs a limit, and a sentence says so") {
  for (const WorkloadEntry& entry : use_cases()) {
    CHECK(refusal(entry, {}, {.shape = "limited"}) == "pin.shape=limited needs pin.limit=N or N+M");
  }
}

TEST_CASE("pins end in every order, on either thread, and last as long as they should") {
  for (const WorkloadEntry& entry : use_cases()) {
    for (const char* thread : {"same", "other"}) {
      for (const char* order : {"fifo", "lifo", "random"}) {
        CAPTURE(entry.name);
        const UseCaseEnding ending = run_use_case(entry, {{"workload.unpin_thread", thread},
                                                          {"workload.order", order},
                                                          {"workload.together", "false"},
                                                          {"workload.set", "7"},
                                                          {"workload.operations", "15"}});
        CHECK(ending.pins.made == ending.pins.ended);
      }
    }
    const auto held = [&](const char* lifetime) {
      return run_use_case(entry, {{"workload.lifetime", lifetime}, {"workload.session", "1ms"}})
          .held;
    };
    CHECK(held("operation") <= held("session"));
    CHECK(held("session") <= held("process"));
    CHECK(held("process") > 0);
  }
}

TEST_CASE("objects are pinned fresh, after collections, or once they are old") {
  for (const WorkloadEntry& entry : use_cases()) {
    for (const char* age : {"1", "3", "old"}) {
      CAPTURE(entry.name);
      CAPTURE(age);
      const UseCaseEnding ending = run_use_case(entry, {{"workload.age", age}});
      CHECK(ending.pins.made > 0);
      CHECK(ending.pins.made == ending.pins.ended);
    }
  }
}

TEST_CASE("a forgotten set is found, unless a global still leads to it") {
  for (const WorkloadEntry& entry : use_cases()) {
    Settings leak = {{"workload.lifetime", "leak"}};
    if (has(entry, "workload.lasts") && !has(entry, "workload.io")) {
      leak["workload.lasts"] = "1ms";  // some last for ever otherwise
    }
    for (const char* from : {"nowhere", "global", "itself"}) {
      CAPTURE(entry.name);
      CAPTURE(from);
      leak["workload.forgotten_from"] = from;
      const UseCaseEnding ending = run_use_case(entry, leak);
      const bool found = std::string_view(from) != "global";
      CHECK((ending.leaks > 0) == found);
      CHECK((found || ending.held > 0));
    }
  }
  const Settings some = {{"workload.forget", "10%"}, {"workload.operations", "200"}};
  const UseCaseEnding ending = run_use_case(use_cases().front(), some);
  CHECK(ending.leaks > 5);
  CHECK(ending.leaks < 50);
  CHECK(refusal(use_cases().front(), {{"workload.lifetime", "leak"}, {"workload.arm", "copy"}}, {})
            .find("only pins can be forgotten") != std::string::npos);
}

TEST_CASE("what the program drops lives by its pin, or by its handle") {
  for (const WorkloadEntry& entry : use_cases()) {
    CAPTURE(entry.name);
    CHECK(run_use_case(entry, {{"workload.drop", "true"}}).alive_by_pin_alone > 0);
  }
}

TEST_CASE("a use case runs on several threads, pins and transfers on each") {
  for (const WorkloadEntry& entry : use_cases()) {
    CAPTURE(entry.name);
    const UseCaseEnding ending = run_use_case(entry, {{"mutator.threads", "3"}});
    CHECK(ending.pins.made > 0);
    CHECK(ending.pins.made == ending.pins.ended);
    CHECK(ending.leaks == 0);
  }
}

TEST_CASE("a thread that fails ends the others, and the program with its failure") {
  for (const WorkloadEntry& entry : use_cases()) {
    CAPTURE(entry.name);
    CHECK_THROWS_AS(
        static_cast<void>(run_use_case(
            entry, {{"mutator.threads", "3"}, {"workload.operations", "1000"}}, {.limit = 3})),
        PinLimitReached);
  }
}

const WorkloadEntry& entry_called(std::string_view name) {
  const auto entries = workloads();
  return *std::ranges::find(entries, name, &WorkloadEntry::name);
}

TEST_CASE("guards toggle at random, and every slot of foreign memory leads where it should") {
  const WorkloadEntry& guards = entry_called("guards");
  const Settings settings = {{"workload.guards", "2000"},
                             {"workload.steps", "20000"},
                             {"workload.operations", "1000000"},
                             {"workload.check_every", "5"}};
  const UseCaseEnding ending = run_use_case(guards, settings);
  // All are set in the beginning, and half of them in the end.
  CHECK(ending.pins.made > 2000 + 9000);
  CHECK(ending.pins.made < 2000 + 10000);
  CHECK(ending.pins.made == ending.pins.ended);
  CHECK(ending.peak == 2000);
  CHECK(ending.held == 0);
  CHECK(ending.moved > 0);
  CHECK(run_use_case(guards, settings).digest == ending.digest);
  Settings control = settings;
  control["workload.arm"] = "none";
  CHECK(run_use_case(guards, control).pins.made == 0);
}

TEST_CASE("an address is an identity as long as it is pinned") {
  const WorkloadEntry& keys = entry_called("address_keys");
  Settings settings = {{"workload.lookups", "2000"}, {"workload.operations", "1000"}};
  const UseCaseEnding ending = run_use_case(keys, settings);
  CHECK(ending.held == 1000);
  CHECK(ending.moved > 0);
  CHECK(run_use_case(keys, settings).digest == ending.digest);
  for (const char* arm : {"none", "handle", "copy"}) {
    settings["workload.arm"] = arm;
    CHECK(run_use_case(keys, settings).pins.made == 0);
  }
}

TEST_CASE("inner frames pop while the outer call never returns") {
  const UseCaseEnding ending = run_use_case(entry_called("event_loop"),
                                            {{"workload.operations", "500"}}, {.shape = "scoped"});
  CHECK(ending.held == 10);  // the arguments of the loop
  CHECK(ending.pins.made == 509);
}

TEST_CASE("a run that fails inside of frames ends what they hold, the newest first") {
  const auto run = [] {
    static_cast<void>(run_use_case(entry_called("event_loop"), {{"workload.operations", "500"}},
                                   {.shape = "critical"}));
  };
  CHECK_THROWS_AS(run(), collector::GcBlocked);
}

TEST_CASE("requests go through buffers that the ring knows, which stay where they are") {
  const WorkloadEntry& ring = entry_called("ring");
  // Blocks around them are emptied and given back meanwhile: what the kernel writes must be seen.
  for (const char* size : {"4KiB", "64KiB"}) {
    CAPTURE(size);
    Settings settings = {{"workload.registered", "7"},
                         {"workload.operations", "400"},
                         {"workload.cancelled", "5%"},
                         {"workload.sizes", "uniform(1KiB,4KiB)"},
                         {"workload.size_most", size}};
    const UseCaseEnding ending = run_use_case(ring, settings);
    CHECK(ending.held == 7);
    CHECK(ending.moved > 0);
    // A request that found one idle pinned no buffer of its own: vector and header, now and then a
    // time limit.
    CHECK(ending.pins.made < 7 + 400 * 3);
    CHECK(ending.pins.made >= 7 + 400 * 2);
    for (const char* io : {"io_uring", "threads"}) {
      for (const char* channel : {"file", "pipe", "socket"}) {
        CAPTURE(io);
        CAPTURE(channel);
        settings["workload.io"] = io;
        settings["workload.channel"] = channel;
        CHECK(run_use_case(ring, settings).digest == ending.digest);
      }
    }
    for (const char* arm : {"copy", "handle", "none"}) {
      CAPTURE(arm);
      settings["workload.arm"] = arm;
      CHECK(run_use_case(ring, settings).pins.made == 0);
    }
    settings["workload.arm"] = "pin";
    settings["mutator.threads"] = "3";
    CHECK(run_use_case(ring, settings).held == 21);
  }
  CHECK(refusal(ring, {{"workload.registered", "7"}, {"workload.set", "2"}}, {})
            .find("workload.registered needs workload.set=1") != std::string::npos);
}

TEST_CASE("a file that may not grow is an error of the system, not a crash") {
  for (const WorkloadEntry& entry : use_cases()) {
    if (has(entry, "workload.directory")) {
      CAPTURE(entry.name);
      CHECK_THROWS_AS(
          static_cast<void>(run_use_case(
              entry, {{"workload.channel", "file"}, {"workload.directory", "/no/such/place"}})),
          IoError);
    }
  }
}

}  // namespace
}  // namespace pinlab::workloads::tests
