/// Images named on the command line, found in folders or read from standard input.
#ifndef MOBILECLIP_CLI_ITEMS_H_
#define MOBILECLIP_CLI_ITEMS_H_

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "image/preprocess.h"

namespace mobileclip::cli {

struct ImageList {
  std::vector<std::string> paths;
  size_t skipped = 0;  ///< files in folders that are no image by their first bytes
};

/// Files as they are; of a folder every image below it, sorted by bytes, links to folders not
/// followed. Error kNotFound for a folder without images.
ImageList expand_images(const std::vector<std::string>& words);

/// One image: its crop, or why there is none.
Result<RgbImage> load_item(const std::string& path, const PreprocessConfig& config,
                           const DecodeOptions& options);

/// Calls `batch(first, crops)` for all paths in order, with up to `batch_size` at a time; decodes
/// ahead on all threads, in bounded memory.
void for_each_batch(
    const std::vector<std::string>& paths, size_t batch_size, const PreprocessConfig& config,
    const DecodeOptions& options, ThreadPool& pool,
    const std::function<void(size_t first, std::vector<Result<RgbImage>>& crops)>& batch);

}  // namespace mobileclip::cli

#endif  // MOBILECLIP_CLI_ITEMS_H_
