// An axis of the testbed: an open set of implementations, each with a name, in the order of its
// folder's meson.build. There is no registration at start-up and no global state: the build writes
// the list of names, and the list is what everything else reads.
#pragma once

#include <memory>
#include <span>
#include <string_view>

namespace pinlab::heap {

/// One member of an axis. `source` says which paper or collector the behaviour is taken from.
template <class T>
struct Named {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  std::unique_ptr<T> (*make)();
};

/// The entry called `name`, or null.
template <class T>
[[nodiscard]] const Named<T>* find_named(std::span<const Named<T>> entries, std::string_view name) {
  for (const Named<T>& entry : entries) {
    if (entry.name == name) {
      return &entry;
    }
  }
  return nullptr;
}

}  // namespace pinlab::heap
