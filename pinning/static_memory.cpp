#include "pinning/static_memory.hpp"

#include <link.h>

namespace pinlab::pinning {

namespace {

struct Search {
  std::uintptr_t wanted;
  bool found = false;
};

int look_into(dl_phdr_info* loaded, std::size_t /*size*/, void* data) {
  Search& search = *static_cast<Search*>(data);
  for (ElfW(Half) i = 0; i < loaded->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = loaded->dlpi_phdr[i];
    const std::uintptr_t base = loaded->dlpi_addr + segment.p_vaddr;
    search.found = search.found || (segment.p_type == PT_LOAD && base <= search.wanted &&
                                    search.wanted < base + segment.p_memsz);
  }
  return search.found ? 1 : 0;
}

}  // namespace

bool is_static_memory(heap::Address address) {
  Search search{.wanted = address.value()};
  dl_iterate_phdr(look_into, &search);
  return search.found;
}

}  // namespace pinlab::pinning
