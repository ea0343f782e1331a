#include "cli/encode.h"

#include <fmt/core.h>

#include "cli/output.h"

namespace mobileclip::cli {
namespace {

size_t embed_dim(const Session& session) {
  return static_cast<size_t>(session.model().config().embed_dim);
}

}  // namespace

std::vector<Result<Embedding>> encode_texts(Session& session, const std::vector<std::string>& texts,
                                            bool normalize, bool warn) {
  const size_t dim = embed_dim(session);
  std::vector<float> rows(texts.size() * dim);
  std::vector<bool> truncated;
  session.encode_texts(texts, rows.data(), &truncated);
  std::vector<Result<Embedding>> out;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (truncated[i] && warn) {
      message(fmt::format("warning: cut to {} tokens: {}", session.model().config().text.context,
                          quote(texts[i], 60)));
    }
    out.push_back(finish_embedding({&rows[i * dim], dim}, normalize));
  }
  return out;
}

}  // namespace mobileclip::cli
