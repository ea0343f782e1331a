/// The embedding members of a reinforced record: npz (float32) and pth.gz (bfloat16).
#ifndef MOBILECLIP_DATA_EMBEDDINGS_H_
#define MOBILECLIP_DATA_EMBEDDINGS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace mobileclip {

/// Row-major rows × cols.
struct Matrix {
  size_t rows = 0, cols = 0;
  std::vector<float> values;
  const float* row(size_t i) const { return values.data() + i * cols; }
};

using NamedMatrices = std::map<std::string, Matrix>;

/// A zip of .npy arrays, stored or deflated, float16/32/64 in C order with one or two dimensions.
/// Errors: kDamaged; kTooLarge over 256 MiB in all.
NamedMatrices read_npz(const std::string& bytes, const std::string& what);
/// As numpy's savez_compressed: float32, deflated. Equal input gives equal bytes.
std::string write_npz(const NamedMatrices& matrices);

/// A gzipped torch.save dictionary of bfloat16 or float32 tensors. Nothing in it is executed; same
/// errors, and those of Checkpoint.
NamedMatrices read_pth_gz(const std::string& bytes, const std::string& what);
/// bfloat16, rounded to nearest even.
std::string write_pth_gz(const NamedMatrices& matrices);

}  // namespace mobileclip

#endif  // MOBILECLIP_DATA_EMBEDDINGS_H_
