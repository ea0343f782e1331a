#include "eval/scorers.h"

#include "base/error.h"
#include "eval/scorer_kinds.h"

namespace mobileclip::eval {
namespace {

constexpr std::string_view kProtocol = "datacomp", kOldProtocol = "datacomp-1.4";

}  // namespace

std::unique_ptr<Scorer> make_scorer(const DatasetFiles& dataset, const std::string& protocol,
                                    uint64_t limit, TextCache& texts, ThreadPool& pool,
                                    const TextCache::Progress& progress) {
  if (protocol != kProtocol && protocol != kOldProtocol) {
    fail(ErrorCode::kInvalidArgument, "the protocol {} is not known: {} or {}", quote(protocol),
         kProtocol, kOldProtocol);
  }
  switch (dataset.evaluator) {
    case Evaluator::kFaces:
      return face_scorer(dataset, texts, pool, progress);
    case Evaluator::kMultilabel:
      return multilabel_scorer(dataset, texts, pool, progress);
    case Evaluator::kRetrieval:
      return retrieval_scorer(dataset, texts, pool, progress);
    case Evaluator::kWinogavil:
      return winogavil_scorer(dataset, limit, texts, progress);
    default:
      return classification_scorer(dataset, protocol == kOldProtocol, texts, pool, progress);
  }
}

}  // namespace mobileclip::eval
