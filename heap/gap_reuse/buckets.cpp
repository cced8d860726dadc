// R4: gaps in buckets by power of two; allocation bumps in a gap of the smallest bucket that surely
// fits, and the tail goes back to the bucket of its size.
#include "heap/gap_reuse.hpp"

#include <array>
#include <bit>

namespace pinlab::heap {

namespace {

class Buckets final : public GapReuse {
 public:
  void clear() override {
    for (auto& bucket : buckets_) {
      bucket.clear();
    }
    bytes_ = 0;
  }

  void add(std::span<const AddressRange> gaps) override {
    // Backwards, so that the lowest address of a bucket is taken first.
    for (std::size_t i = gaps.size(); i > 0; --i) {
      insert(gaps[i - 1]);
    }
  }

  GapGrant take(std::size_t need) override {
    const auto floor = static_cast<std::size_t>(std::bit_width(need)) - 1;
    if (const AddressRange found = take_fitting(buckets_[floor], need); !found.empty()) {
      return {found, {}};
    }
    for (std::size_t i = floor + 1; i < buckets_.size(); ++i) {
      if (!buckets_[i].empty()) {
        const AddressRange found = buckets_[i].back();
        buckets_[i].pop_back();
        bytes_ -= found.bytes();
        return {found, {}};
      }
    }
    return {};
  }

  bool give_back(AddressRange tail) override {
    insert(tail);
    return true;
  }

  [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }

 private:
  static constexpr std::size_t kLooks = 8;  ///< entries of the bucket that may be too small

  void insert(AddressRange gap) {
    buckets_[static_cast<std::size_t>(std::bit_width(gap.bytes())) - 1].push_back(gap);
    bytes_ += gap.bytes();
  }

  AddressRange take_fitting(std::vector<AddressRange>& bucket, std::size_t need) {
    const std::size_t looks = bucket.size() < kLooks ? bucket.size() : kLooks;
    for (std::size_t i = 1; i <= looks; ++i) {
      AddressRange& gap = bucket[bucket.size() - i];
      if (gap.bytes() >= need) {
        const AddressRange found = gap;
        gap = bucket.back();
        bucket.pop_back();
        bytes_ -= found.bytes();
        return found;
      }
    }
    return {};
  }

  std::array<std::vector<AddressRange>, 48> buckets_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

Named<GapReuse> gap_reuse_buckets() {
  return {"buckets", "gaps in power-of-two buckets, tails go back to theirs",
          "R4; CoreCLR's generation 2 free list",
          [] { return std::unique_ptr<GapReuse>(std::make_unique<Buckets>()); }};
}

}  // namespace pinlab::heap
