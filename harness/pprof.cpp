#include "harness/pprof.hpp"

#include "heap/support/expects.hpp"
#include "harness/record.hpp"

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <zlib.h>

namespace pinlab::harness {

namespace {

/// Field numbers of profile.proto.
enum class ProfileField : std::uint8_t {
  sample_type = 1,
  sample = 2,
  location = 4,
  function = 5,
  string_table = 6,
  duration_nanos = 10,
  default_sample_type = 14
};

/// A protocol buffer message: varints and length-delimited fields, which is all that a profile has.
class Message {
 public:
  template <class Field>
  void number(Field field, std::uint64_t value) {
    varint(static_cast<std::uint64_t>(field) << 3U);
    varint(value);
  }
  template <class Field>
  void bytes(Field field, std::string_view value) {
    varint((static_cast<std::uint64_t>(field) << 3U) | 2U);
    varint(value.size());
    text_ += value;
  }
  template <class Field>
  void packed(Field field, const std::vector<std::uint64_t>& values) {
    Message list;
    for (const std::uint64_t value : values) {
      list.varint(value);
    }
    bytes(field, list.text_);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void varint(std::uint64_t value) {
    while (value >= 128) {
      text_ += static_cast<char>((value & 127U) | 128U);
      value >>= 7U;
    }
    text_ += static_cast<char>(value);
  }

  std::string text_;
};

class Profile {
 public:
  Profile() { static_cast<void>(string_of("")); }  // the table begins with it

  void value_type(std::string_view type, std::string_view unit) {
    Message message;
    message.number(1, string_of(type));
    message.number(2, string_of(unit));
    profile_.bytes(ProfileField::sample_type, message.text());
  }

  /// `frames`: innermost first. Its tags are the shape, and the collections since the oldest pin.
  void sample(const std::vector<std::string_view>& frames,
              const std::vector<std::uint64_t>& values,
              std::string_view shape,
              std::uint64_t oldest) {
    std::vector<std::uint64_t> locations;
    for (const std::string_view frame : frames) {
      locations.push_back(location_of(frame));
    }
    Message message;
    message.packed(1, locations);
    message.packed(2, values);
    Message text;
    text.number(1, string_of("shape"));
    text.number(2, string_of(shape));
    message.bytes(3, text.text());
    Message number;
    number.number(1, string_of("oldest"));
    number.number(3, oldest);
    number.number(4, string_of("collections"));
    message.bytes(3, number.text());
    profile_.bytes(ProfileField::sample, message.text());
  }

  [[nodiscard]] std::string finish(std::uint64_t duration_ns, std::string_view default_type) {
    profile_.number(ProfileField::duration_nanos, duration_ns);
    profile_.number(ProfileField::default_sample_type, string_of(default_type));
    for (const std::string& entry : strings_) {
      profile_.bytes(ProfileField::string_table, entry);
    }
    return profile_.text();
  }

 private:
  std::uint64_t string_of(std::string_view text) {
    const auto [entry, added] = string_ids_.try_emplace(std::string(text), strings_.size());
    if (added) {
      strings_.emplace_back(text);
    }
    return entry->second;
  }

  /// One location and one function of the same number for each frame. 0 is reserved.
  std::uint64_t location_of(std::string_view frame) {
    const std::uint64_t name = string_of(frame);
    const auto [entry, added] = locations_.try_emplace(name, locations_.size() + 1);
    if (added) {
      Message function;
      function.number(1, entry->second);
      function.number(2, name);
      profile_.bytes(ProfileField::function, function.text());
      Message line;
      line.number(1, entry->second);
      Message location;
      location.number(1, entry->second);
      location.bytes(4, line.text());
      profile_.bytes(ProfileField::location, location.text());
    }
    return entry->second;
  }

  Message profile_;
  std::vector<std::string> strings_;
  std::unordered_map<std::string, std::uint64_t> string_ids_;
  std::unordered_map<std::uint64_t, std::uint64_t> locations_;
};

std::vector<std::string_view> frames_of(const PinSample& site) {
  constexpr std::string_view kBetween = " < ";
  std::string_view rest = site.stack.empty() ? site.name : site.stack;
  std::vector<std::string_view> frames;
  for (std::size_t end = 0; end != std::string_view::npos;) {
    end = site.stack.empty() ? std::string_view::npos : rest.find(kBetween);
    frames.push_back(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + kBetween.size());
  }
  return frames;
}

std::string gzipped(std::string_view text) {
  constexpr int kGzip = 15 + 16;
  constexpr int kMemoryLevel = 8;
  z_stream stream = {};
  EXPECTS(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, kMemoryLevel,
                       Z_DEFAULT_STRATEGY) == Z_OK);
  std::vector<Bytef> in(text.begin(), text.end());
  std::vector<Bytef> out(deflateBound(&stream, in.size()));
  stream.next_in = in.data();
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECTS(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  const std::string zipped(out.begin(),
                           out.begin() + static_cast<std::ptrdiff_t>(stream.total_out));
  deflateEnd(&stream);
  return zipped;
}

}  // namespace

PinProfile pin_profile(const RunResult& result) {
  PinProfile profile{.shape = result.parameters.canonical("pin.shape"),
                     .duration_ns = result.timed.total,
                     .samples = {}};
  for (const SiteFigures& site : result.sites) {
    profile.samples.push_back({.name = site.name,
                               .stack = site.stack,
                               .pins = site.made.value_or(site.pins.peak),
                               .bytes = site.made_bytes.value_or(site.pinned_bytes.peak),
                               .hostage_byte_time = kib_squared(site.hostage_byte_time),
                               .oldest = site.oldest});
  }
  return profile;
}

std::string pprof_text(const PinProfile& pins) {
  Profile profile;
  profile.value_type("pins", "count");
  profile.value_type("bytes", "bytes");
  profile.value_type("hostage_byte_time", "KiB*KiB");
  for (const PinSample& site : pins.samples) {
    profile.sample(frames_of(site),
                   {site.pins, site.bytes, static_cast<std::uint64_t>(site.hostage_byte_time)},
                   pins.shape, site.oldest);
  }
  return gzipped(profile.finish(pins.duration_ns, "hostage_byte_time"));
}

}  // namespace pinlab::harness
