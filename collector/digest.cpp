#include "collector/digest.hpp"

#include "heap/support/digest.hpp"
#include "collector/walk.hpp"

#include <bit>
#include <cstring>

namespace pinlab::collector {

using heap::Address;
using heap::Digest;
using heap::Header;
using heap::ObjectRef;

namespace {

void add_payload(ObjectRef object, Digest& digest) {
  const Address limit = object.range().limit;
  for (Address a = object.slot(object.references()); a < limit; a += heap::kGranuleBytes) {
    digest.add(a.word());
  }
}

/// Numbers objects in the order in which they are first met.
class Numbering {
 public:
  Numbering() : table_(kFirst) {}

  /// The object's number, from 1; a new one is appended to order().
  std::uint64_t number(ObjectRef object) {
    std::size_t place = find(object.address());
    if (!table_[place].object) {
      order_.push_back(object);
      if (2 * order_.size() > table_.size()) {
        grow();
        place = find(object.address());
      }
      table_[place] = {object.address(), order_.size()};
    }
    return table_[place].number;
  }

  [[nodiscard]] const std::vector<ObjectRef>& order() const { return order_; }

 private:
  static constexpr std::size_t kFirst = 1024;
  struct Entry {
    Address object;
    std::uint64_t number = 0;
  };

  [[nodiscard]] std::size_t find(Address object) const {
    const std::size_t mask = table_.size() - 1;
    std::size_t place =
        ((object.value() >> heap::kGranuleShift) * 0x9E3779B97F4A7C15U >> 20U) & mask;
    while (table_[place].object && table_[place].object != object) {
      place = (place + 1) & mask;
    }
    return place;
  }

  void grow() {
    std::vector<Entry> old(2 * table_.size());
    old.swap(table_);
    for (const Entry& entry : old) {
      if (entry.object) {
        table_[find(entry.object)] = entry;
      }
    }
  }

  std::vector<Entry> table_;
  std::vector<ObjectRef> order_;
};

}  // namespace

std::uint64_t digest_heap(const heap::Heap& heap) {
  Digest digest;
  for_each_object(heap, [&](ObjectRef object) {
    digest.add(object.address() - heap.base());
    digest.add(object.header().word());
    for (std::size_t i = 0; i < object.references(); ++i) {
      const ObjectRef target = object.load(i);
      digest.add(target ? target.address() - heap.base() + 1 : 0);
    }
    add_payload(object, digest);
  });
  return digest.value();
}

std::uint64_t digest_graph(const RootSet& roots) {
  Digest digest;
  Numbering numbering;
  const auto add_root = [&](Address slot) {
    digest.add(numbering.number(ObjectRef(Address(slot.word()))));
  };
  if (roots.ambiguous_stacks) {
    roots.for_each_on_stacks(add_root);
  }
  roots.for_each_of_program(add_root);
  for (std::size_t i = 0; i < numbering.order().size(); ++i) {
    const ObjectRef object = numbering.order()[i];
    digest.add(Header(object.header().granules(), object.references()).word());
    for (std::size_t slot = 0; slot < object.references(); ++slot) {
      const ObjectRef target = object.load(slot);
      digest.add(target ? numbering.number(target) : 0);
    }
    add_payload(object, digest);
  }
  return digest.value();
}

}  // namespace pinlab::collector
