/// The files of a SigLIP: weights that are easy to follow, and a SentencePiece model.
#ifndef MOBILECLIP_TESTS_GOLDENS_SIGLIP_FILES_H_
#define MOBILECLIP_TESTS_GOLDENS_SIGLIP_FILES_H_

#include <map>
#include <string>
#include <vector>

namespace mobileclip::golden {

/// 32,000 pieces: pad, </s>, unknown, "▁a" = 3, "▁cat" = 4, "▁dog" = 5, "s" = 6, "▁" = 7, and
/// others that no text of the tests holds.
std::string siglip_pieces();

/// A safetensors file of ViT-B-16-SigLIP, all zeros but for `values`, which fill their tensors over
/// and over. It takes next to no room on a disk.
void write_siglip(const std::string& path, const std::map<std::string, std::vector<float>>& values);

}  // namespace mobileclip::golden

#endif  // MOBILECLIP_TESTS_GOLDENS_SIGLIP_FILES_H_
