/// Embeddings of items that may fail one by one.
#ifndef MOBILECLIP_CLI_ENCODE_H_
#define MOBILECLIP_CLI_ENCODE_H_

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/image_stream.h"
#include "engine/session.h"

namespace mobileclip::cli {

/// One embedding or error for each text; `warn` says when one was cut.
std::vector<Result<Embedding>> encode_texts(Session& session, const std::vector<std::string>& texts,
                                            bool normalize, bool warn);

}  // namespace mobileclip::cli

#endif  // MOBILECLIP_CLI_ENCODE_H_
