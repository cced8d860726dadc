#include "pinning/site_sampler.hpp"

#include "heap/address.hpp"

#include <string>
#include <string_view>

#include <dlfcn.h>

namespace pinlab::pinning {

namespace {

std::string hexadecimal(std::uintptr_t number) {
  std::string text;
  do {
    text.insert(text.begin(), "0123456789abcdef"[number & 15U]);
    number >>= 4U;
  } while (number != 0);
  return "0x" + text;
}

std::string name_of(const void* code) {
  const std::uintptr_t address = heap::Address::of(code).value();
  Dl_info info;
  if (dladdr(code, &info) == 0) {
    return hexadecimal(address);
  }
  const bool named = info.dli_sname != nullptr;
  const std::uintptr_t base = heap::Address::of(named ? info.dli_saddr : info.dli_fbase).value();
  std::string_view name = named ? info.dli_sname : info.dli_fname;
  name.remove_prefix(named ? 0 : name.rfind('/') + 1);
  return std::string(name) + "+" + hexadecimal(address - base);
}

}  // namespace

SiteId SiteSampler::sample(const void* caller, SiteTable& table) {
  const std::uint64_t every = period();
  if (every == 0 || count_.fetch_add(1, std::memory_order_relaxed) % every != 0) {
    return 0;
  }
  const std::lock_guard lock(mutex_);
  const auto [entry, added] = found_.try_emplace(caller, SiteId{0});
  if (added) {
    entry->second = table.intern(name_of(caller));
  }
  return entry->second;
}

}  // namespace pinlab::pinning
