// The vote on each module's load address, and the names that follow from it.
// Invariant: modules are told apart by their whole path; all orders are those of vectors and
// std::map.
#include "workloads/heaptrack/site_names.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pinlab::workloads {
namespace {

constexpr std::uint64_t kPageMask = 4095;
/// Offsets that vote: enough to be sure, few enough to stay quick for a large program.
constexpr std::size_t kMaxVoters = 256;

/// The places of one module in both traces.
struct Module {
  std::vector<std::uint32_t> raw;                ///< locations
  std::map<std::uint64_t, std::uint32_t> named;  ///< locations by address
};

using Modules = std::map<std::string, Module, std::less<>>;

Modules modules_of(const CallStacks& raw, const CallStacks& named) {
  Modules modules;
  for (std::uint32_t index = 0; index < raw.locations().size(); ++index) {
    if (const std::uint32_t path = raw.locations()[index].module; path != 0) {
      modules[raw.string(path)].raw.push_back(index);
    }
  }
  for (std::uint32_t index = 0; index < named.locations().size(); ++index) {
    const CodeLocation& location = named.locations()[index];
    if (const auto module = modules.find(named.string(location.module)); module != modules.end()) {
      module->second.named.try_emplace(location.address, index);
    }
  }
  return modules;
}

/// The different offsets of a module that vote, in the order of their first use.
std::vector<std::uint64_t> voters(const CallStacks& raw, const Module& module) {
  std::set<std::uint64_t> seen;
  std::vector<std::uint64_t> offsets;
  for (const std::uint32_t index : module.raw) {
    const std::uint64_t offset = raw.locations()[index].address;
    if (offsets.size() < kMaxVoters && seen.insert(offset).second) {
      offsets.push_back(offset);
    }
  }
  return offsets;
}

/// Where the module lay in the run of the named trace, if that is beyond doubt.
std::optional<std::uint64_t> load_address(const CallStacks& raw, const Module& module) {
  std::map<std::uint64_t, std::vector<std::uint64_t>> addresses_by_page_offset;
  for (const auto& [address, index] : module.named) {
    addresses_by_page_offset[address & kPageMask].push_back(address);
  }
  const std::vector<std::uint64_t> offsets = voters(raw, module);
  std::map<std::uint64_t, std::size_t> votes;
  for (const std::uint64_t offset : offsets) {
    for (const std::uint64_t address : addresses_by_page_offset[offset & kPageMask]) {
      ++votes[address - offset];
    }
  }
  const auto fewer = [](const auto& a, const auto& b) { return a.second < b.second; };
  const auto best = std::max_element(votes.begin(), votes.end(), fewer);
  if (best == votes.end() || best->second * 2 < offsets.size()) {
    return std::nullopt;
  }
  const auto ties = std::count_if(votes.begin(), votes.end(),
                                  [&](const auto& vote) { return vote.second == best->second; });
  return ties == 1 ? std::optional(best->first) : std::nullopt;
}

/// Strings of `named` as strings of `raw`.
class StringCopier {
 public:
  StringCopier(CallStacks& raw, const CallStacks& named) : raw_(&raw), named_(&named) {}

  std::uint32_t copy(std::uint32_t string) {
    if (string == 0) {
      return 0;
    }
    const auto [entry, is_new] = copies_.try_emplace(string, 0);
    if (is_new) {
      entry->second = raw_->add_string(named_->string(string));
    }
    return entry->second;
  }

 private:
  CallStacks* raw_;
  const CallStacks* named_;
  std::map<std::uint32_t, std::uint32_t> copies_;
};

/// Names the locations of `module` in `raw`, which lay at `base` in the named run; returns how
/// many.
std::size_t name_module(CallStacks& raw,
                        const CallStacks& named,
                        const Module& module,
                        std::uint64_t base,
                        StringCopier& strings) {
  std::size_t count = 0;
  for (const std::uint32_t index : module.raw) {
    const auto found = module.named.find(base + raw.locations()[index].address);
    if (found == module.named.end()) {
      continue;
    }
    std::vector<SourceFrame> frames;
    for (const SourceFrame& frame : named.frames(named.locations()[found->second])) {
      frames.push_back({strings.copy(frame.function), strings.copy(frame.file), frame.line});
    }
    raw.set_frames(index, frames);
    count += frames.empty() ? 0U : 1U;
  }
  return count;
}

}  // namespace

std::size_t name_from(CallStacks& raw, const CallStacks& named) {
  std::size_t count = 0;
  StringCopier strings(raw, named);
  for (const auto& [path, module] : modules_of(raw, named)) {
    if (const std::optional<std::uint64_t> base = load_address(raw, module)) {
      count += name_module(raw, named, module, *base, strings);
    }
  }
  return count;
}

}  // namespace pinlab::workloads
