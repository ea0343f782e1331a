/// For tests: the bytes of a SentencePiece model.
#ifndef MOBILECLIP_TEXT_TEST_SUPPORT_H_
#define MOBILECLIP_TEXT_TEST_SUPPORT_H_

#include <cstring>
#include <string>

namespace mobileclip::test {

/// One piece of a SentencePiece model: a message of text, score and type.
inline std::string piece(const std::string& text, float score, int type) {
  std::string body = "\x0a";
  body += static_cast<char>(text.size());
  body += text + "\x15";
  char bytes[sizeof score];
  std::memcpy(bytes, &score, sizeof score);
  body.append(bytes, sizeof score);
  body += "\x18";
  body += static_cast<char>(type);
  std::string out = "\x0a";
  out += static_cast<char>(body.size());
  return out + body;
}

}  // namespace mobileclip::test

#endif  // MOBILECLIP_TEXT_TEST_SUPPORT_H_
