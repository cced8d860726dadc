// R5: whole free lines only, in which objects are bumped by address. An object of more than a line
// that does not fit in the current run goes to an overflow block of its own, so that it burns no
// run of lines.
#include "heap/gap_reuse.hpp"

#include <deque>

namespace pinlab::heap {

namespace {

/// Immix's line in MMTk.
constexpr std::size_t kLine = 256;

class Lines final : public GapReuse {
 public:
  void clear() override {
    runs_.clear();
    overflow_ = {};
    wants_block_ = false;
    bytes_ = 0;
  }

  void add(std::span<const AddressRange> gaps) override {
    for (const AddressRange& gap : gaps) {
      const AddressRange lines{gap.base.align_up(kLine), gap.limit.align_down(kLine)};
      if (lines.base < lines.limit) {
        runs_.push_back({lines, gap});
        bytes_ += lines.bytes();
      }
    }
  }

  GapGrant take(std::size_t need) override {
    wants_block_ = false;
    // Of the tails of runs in front, some may be too small for anything but the smallest.
    while (need <= kLine && !runs_.empty() && runs_.front().lines.bytes() < need) {
      bytes_ -= runs_.front().lines.bytes();
      runs_.pop_front();
    }
    if (!runs_.empty() && runs_.front().lines.bytes() >= need) {
      const auto [lines, gap] = runs_.front();
      runs_.pop_front();
      bytes_ -= lines.bytes();
      return {lines, {lines.limit, gap.limit}, {gap.base, lines.base}};
    }
    if (overflow_.bytes() >= need) {
      const AddressRange taken{overflow_.base, overflow_.base + need};
      overflow_.base = taken.limit;
      bytes_ -= need;
      return {taken, overflow_};
    }
    wants_block_ = need > kLine;
    return {};
  }

  /// A tail is the current run again. After a request that found no room in the overflow block,
  /// what comes is a new one.
  bool give_back(AddressRange tail) override {
    bytes_ += tail.bytes();
    if (wants_block_) {
      wants_block_ = false;
      if (!overflow_.empty()) {
        runs_.push_back({overflow_, overflow_});
      }
      overflow_ = tail;
    } else {
      runs_.push_front({tail, tail});
    }
    return true;
  }

  [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }

 private:
  struct Run {
    AddressRange lines;
    AddressRange gap;  ///< that they lie in
  };

  std::deque<Run> runs_;  ///< the current one in front
  AddressRange overflow_;
  bool wants_block_ = false;
  std::uint64_t bytes_ = 0;
};

}  // namespace

Named<GapReuse> gap_reuse_lines() {
  return {"lines",
          "bump allocation in free lines of 256 bytes, an overflow block for larger objects",
          "R5; Immix (Blackburn and McKinley 2008), MMTk",
          [] { return std::unique_ptr<GapReuse>(std::make_unique<Lines>()); }};
}

}  // namespace pinlab::heap
