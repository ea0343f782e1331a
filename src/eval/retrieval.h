/// Image-text retrieval without the matrix: ranks, counted block by block (spec §5).
#ifndef MOBILECLIP_EVAL_RETRIEVAL_H_
#define MOBILECLIP_EVAL_RETRIEVAL_H_

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "eval/metrics.h"

namespace mobileclip::eval {

/// Of each caption the rank of its image among the images, of each image the rank of its best own
/// caption among the captions: how many score higher, or equal with a lower index.
struct RetrievalRanks {
  std::vector<uint32_t> of_text, of_image;
};

/// Scores of captions [first, first + count) against all images, row-major count × images.
using ScoreBlock = std::function<void(size_t first, size_t count, float* scores)>;

/// `image_of_text[t]` is the image that caption t belongs to, of `images`. The scores are asked for
/// twice, in blocks of at most `block` captions; memory is O(texts + images + block · images). An
/// image without captions never hits. Error kInvalidArgument for an image that does not exist.
RetrievalRanks retrieval_ranks(size_t images, std::span<const uint32_t> image_of_text,
                               const ScoreBlock& scores, size_t block = 256);

/// Dot products of unit rows, T × d and I × d; each sum is one chain in the order of d, so its bits
/// depend on nothing else.
ScoreBlock dot_products(const std::vector<float>& texts, const std::vector<float>& images,
                        size_t dim, ThreadPool& pool);

/// {image,text}_retrieval_recall@{1,5,10}, mean_recall@1; float32 means as the reference's.
Metrics retrieval_metrics(const RetrievalRanks& ranks);

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_RETRIEVAL_H_
