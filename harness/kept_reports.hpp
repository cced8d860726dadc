// The reports of a run, kept small: of each the words that differ from those of the last one of its
// kind, on the average a sixth of a PauseReport. That matters where there are a hundred thousand of
// them, and where memory that a run touches for its record is taken for the program's.
//
// Invariants: (1) what was written is never written again, so that copies share it, and may be read
// while another thread adds to the original; (2) reports come out as they went in, but for the maps
// of hostage blocks, which nobody keeps here.
#pragma once

#include "collector/pause.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace pinlab::harness {

class KeptReports {
 public:
  void add(const collector::PauseReport& report);
  /// To be corrected. REQUIRES !empty().
  [[nodiscard]] collector::PauseReport& last();

  [[nodiscard]] bool empty() const { return !last_.has_value(); }
  [[nodiscard]] std::size_t size() const { return packed_ + (empty() ? 0 : 1); }

  /// visit(const PauseReport&) for each, in order.
  template <class Visit>
  void for_each(Visit&& visit) const {
    Reader reader(chunks_);
    for (std::size_t i = 0; i < packed_; ++i) {
      visit(reader.next());
    }
    if (last_) {
      visit(*last_);
    }
  }

 private:
  static_assert(sizeof(collector::PauseFigures) % sizeof(std::uint64_t) == 0);
  static constexpr std::size_t kWords = sizeof(collector::PauseFigures) / sizeof(std::uint64_t);
  static constexpr std::size_t kSiteWords = sizeof(collector::SiteHostage) / sizeof(std::uint64_t);
  /// A bit for each word: whether it differs.
  static constexpr std::size_t kBitWords = (kWords + 63) / 64;

  using Words = std::array<std::uint64_t, kWords>;
  /// By kind, the last report.
  using Bases = std::array<Words, collector::kPauseKindNames.size()>;

  struct Chunk {
    std::shared_ptr<std::uint64_t[]> words;  // NOLINT(*-avoid-c-arrays)
    std::size_t size = 0;
    std::size_t used = 0;
  };

  class Reader {
   public:
    explicit Reader(const std::vector<Chunk>& chunks) : chunk_(chunks.begin()) {}
    /// REQUIRES that there is one. Good until the next call.
    const collector::PauseReport& next();

   private:
    std::vector<Chunk>::const_iterator chunk_;
    std::size_t at_ = 0;
    Bases bases_{};
    collector::PauseReport report_;
  };

  void pack(const collector::PauseReport& report);
  /// Where so many words can be written.
  [[nodiscard]] std::uint64_t* room(std::size_t words);

  std::vector<Chunk> chunks_;
  std::size_t packed_ = 0;  ///< reports in them: all but the last one
  Bases bases_{};
  std::optional<collector::PauseReport> last_;
};

}  // namespace pinlab::harness
