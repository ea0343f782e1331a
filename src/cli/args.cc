#include "cli/args.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace mobileclip::cli {
namespace {

/// Number of single-character edits between two words.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

const std::vector<std::string>& Arguments::all(std::string_view name) const {
  static const std::vector<std::string> none;
  const auto found = values_.find(name);
  return found == values_.end() ? none : found->second;
}

std::string Arguments::one(std::string_view name, std::string_view fallback) const {
  const std::vector<std::string>& words = all(name);
  return words.empty() ? std::string(fallback) : words.back();
}

int Arguments::number(std::string_view name, int fallback, int low, int high) const {
  if (!has(name)) return fallback;
  const std::string text = one(name);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < low || value > high) {
    throw UsageError(fmt::format("--{} takes a whole number from {} to {}, not {}", name, low, high,
                                 quote(text)));
  }
  return value;
}

const std::vector<Option>& general_options() {
  static const std::vector<Option> options = {
      {"json", '\0', Arity::kFlag, "", "machine-readable results, one JSON value per line"},
      {"threads", 't', Arity::kOne, "N", "threads (default: the cores this process may use)"},
      {"batch", 'b', Arity::kOne, "N", "items per call of the network (default 8)"},
      {"quiet", 'q', Arity::kFlag, "", "no messages but errors"},
      {"verbose", 'v', Arity::kFlag, "", "more messages"},
      {"help", 'h', Arity::kFlag, "", "this text"},
  };
  return options;
}

class Parser {
 public:
  Parser(const std::vector<std::string>& words, const std::vector<Option>& options)
      : words_(words), options_(options) {
    options_.insert(options_.end(), general_options().begin(), general_options().end());
  }

  Arguments run() {
    while (next_ < words_.size()) {
      const std::string& word = words_[next_++];
      if (ended_ || word.size() < 2 || word[0] != '-') {
        out_.positional_.push_back(word);
      } else if (word == "--") {
        ended_ = true;
      } else if (word[1] == '-') {
        take_long(word);
      } else {
        take_letters(word);
      }
    }
    return std::move(out_);
  }

 private:
  const Option* find(std::string_view name) const {
    const auto found = std::ranges::find(options_, name, &Option::name);
    return found == options_.end() ? nullptr : &*found;
  }

  [[noreturn]] void unknown(const std::string& word) const {
    const std::string_view name = std::string_view(word).substr(std::min<size_t>(2, word.size()));
    const auto nearest = std::ranges::min_element(
        options_, {}, [&](const Option& option) { return distance(name, option.name); });
    const bool close = name.size() > 2 && distance(name, nearest->name) <= 2;
    throw UsageError(fmt::format("unknown option {}{}", quote(word),
                                 close ? fmt::format(" (did you mean --{}?)", nearest->name) : ""));
  }

  void take_long(const std::string& word) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    const Option* option = find(name);
    if (option == nullptr) unknown(word.substr(0, equals));
    auto& values = out_.values_[std::string(option->name)];
    const bool has_value = equals != std::string::npos;
    switch (option->arity) {
      case Arity::kFlag:
        if (has_value) throw UsageError(fmt::format("--{} takes no value", name));
        return;
      case Arity::kOne:
      case Arity::kEach:
        values.push_back(has_value ? word.substr(equals + 1) : following(word));
        return;
      case Arity::kMany:
        if (has_value) values.push_back(word.substr(equals + 1));
        while (next_ < words_.size() && !words_[next_].starts_with("--")) {
          values.push_back(words_[next_++]);
        }
        // A bare "--" ends the list; positional words may follow it.
        if (next_ < words_.size() && words_[next_] == "--") {
          ++next_;
          ended_ = true;
        }
        return;
    }
  }

  /// "-qv", "-t2", "-t 2", "-l word".
  void take_letters(const std::string& word) {
    for (size_t i = 1; i < word.size(); ++i) {
      const auto found = std::ranges::find(options_, word[i], &Option::letter);
      if (found == options_.end() || word[i] == '\0') unknown(word);
      auto& values = out_.values_[std::string(found->name)];
      if (found->arity == Arity::kFlag) continue;
      values.push_back(i + 1 < word.size() ? word.substr(i + 1) : following(word));
      return;
    }
  }

  std::string following(const std::string& option) {
    if (next_ >= words_.size()) throw UsageError(fmt::format("{} needs a value", option));
    return words_[next_++];
  }

  const std::vector<std::string>& words_;
  std::vector<Option> options_;
  Arguments out_;
  size_t next_ = 0;
  bool ended_ = false;
};

Arguments parse_arguments(const std::vector<std::string>& words,
                          const std::vector<Option>& options) {
  return Parser(words, options).run();
}

}  // namespace mobileclip::cli
