#include "harness/kept_reports.hpp"

#include "heap/support/expects.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

namespace pinlab::harness {

using collector::PauseFigures;
using collector::PauseReport;
using collector::SiteHostage;

static_assert(std::is_trivially_copyable_v<PauseFigures> &&
              std::is_trivially_copyable_v<SiteHostage>);
static_assert(sizeof(SiteHostage) % sizeof(std::uint64_t) == 0);

namespace {

constexpr std::size_t kChunkWords = 4096;

}  // namespace

// As packed: the kind and the number of sites, the bits of words that differ, these words, the
// sites.

void KeptReports::add(const PauseReport& report) {
  if (last_) {
    pack(*last_);
  } else {
    last_.emplace();
  }
  static_cast<PauseFigures&>(*last_) = report;
  last_->sites = report.sites;
}

PauseReport& KeptReports::last() {
  EXPECTS(last_.has_value());
  return *last_;
}

std::uint64_t* KeptReports::room(std::size_t words) {
  if (chunks_.empty() || chunks_.back().size - chunks_.back().used < words) {
    const std::size_t size = std::max(words, kChunkWords);
    chunks_.push_back({std::shared_ptr<std::uint64_t[]>(new std::uint64_t[size]), size, 0});
  }
  return chunks_.back().words.get() + chunks_.back().used;
}

void KeptReports::pack(const PauseReport& report) {
  const auto kind = static_cast<std::size_t>(report.kind);
  Words words;
  std::memcpy(words.data(), static_cast<const PauseFigures*>(&report), sizeof(PauseFigures));
  Words& base = bases_[kind];
  const std::size_t sites = report.sites.size();
  std::uint64_t* const first = room(1 + kBitWords + kWords + sites * kSiteWords);
  first[0] = std::uint64_t{sites} << 8U | kind;
  std::uint64_t* to = first + 1 + kBitWords;
  for (std::size_t i = 0; i < kBitWords; ++i) {
    std::uint64_t bits = 0;
    for (std::size_t word = 64 * i; word < std::min(kWords, 64 * (i + 1)); ++word) {
      bits |= std::uint64_t{words[word] != base[word] ? 1U : 0U} << (word % 64);
    }
    first[1 + i] = bits;
    for (; bits != 0; bits &= bits - 1) {
      const std::size_t word = 64 * i + static_cast<std::size_t>(std::countr_zero(bits));
      *to++ = base[word] = words[word];
    }
  }
  if (sites > 0) {
    std::memcpy(to, report.sites.data(), sites * sizeof(SiteHostage));
    to += sites * kSiteWords;
  }
  chunks_.back().used += static_cast<std::size_t>(to - first);
  ++packed_;
}

const PauseReport& KeptReports::Reader::next() {
  if (at_ == chunk_->used) {
    ++chunk_;
    at_ = 0;
  }
  const std::uint64_t* const first = chunk_->words.get() + at_;
  Words& base = bases_[first[0] & 0xFFU];
  const std::uint64_t* from = first + 1 + kBitWords;
  for (std::size_t i = 0; i < kBitWords; ++i) {
    for (std::uint64_t bits = first[1 + i]; bits != 0; bits &= bits - 1) {
      base[64 * i + static_cast<std::size_t>(std::countr_zero(bits))] = *from++;
    }
  }
  std::memcpy(static_cast<void*>(static_cast<PauseFigures*>(&report_)), base.data(),
              sizeof(PauseFigures));
  report_.sites.resize(first[0] >> 8U);
  if (!report_.sites.empty()) {
    std::memcpy(static_cast<void*>(report_.sites.data()), from,
                report_.sites.size() * sizeof(SiteHostage));
    from += report_.sites.size() * kSiteWords;
  }
  at_ += static_cast<std::size_t>(from - first);
  return report_;
}

}  // namespace pinlab::harness
