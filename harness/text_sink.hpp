// Where a text goes, piece by piece, so that a long one need not stand in memory as a whole.
#pragma once

#include <string>
#include <string_view>

namespace pinlab::harness {

class TextSink {
 public:
  virtual ~TextSink() = default;
  virtual void take(std::string_view piece) = 0;
};

class StringSink final : public TextSink {
 public:
  void take(std::string_view piece) override { text_ += piece; }
  [[nodiscard]] std::string& text() { return text_; }

 private:
  std::string text_;
};

}  // namespace pinlab::harness
