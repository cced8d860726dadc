// Everything that has a name, as rows: what `pinlab list` shows and `pinlab describe` finds.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::harness {

struct Fact {
  std::string_view key;
  std::string value;
};

/// Something with a name and a sentence, and what else there is to say of it.
struct Listed {
  std::string name;
  std::string summary;
  std::vector<Fact> facts = {};
  std::string note = {};  ///< in brackets behind the summary of lists for people
};

/// What `pinlab list` takes, in the order of its help.
[[nodiscard]] std::span<const std::string_view> kinds();
/// All of a kind; none of kinds that have no members yet. REQUIRES one of kinds().
[[nodiscard]] std::vector<Listed> list_kind(std::string_view kind);

/// An array of objects with name, summary and facts.
[[nodiscard]] std::string listing_text(const std::vector<Listed>& rows);

}  // namespace pinlab::harness
