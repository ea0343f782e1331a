/// Images named on the command line, found in folders or read from standard input.
#ifndef MOBILECLIP_CLI_ITEMS_H_
#define MOBILECLIP_CLI_ITEMS_H_

#include <string>
#include <vector>

namespace mobileclip::cli {

struct ImageList {
  std::vector<std::string> paths;
  size_t skipped = 0;  ///< files in folders that are no image by their first bytes
};

/// Files as they are; of a folder every image below it, sorted by bytes, links to folders not
/// followed. Error kNotFound for a folder without images.
ImageList expand_images(const std::vector<std::string>& words);

}  // namespace mobileclip::cli

#endif  // MOBILECLIP_CLI_ITEMS_H_
