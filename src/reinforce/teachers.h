/// The teachers of a reinforced dataset: models whose unit embeddings stand side by side.
#ifndef MOBILECLIP_REINFORCE_TEACHERS_H_
#define MOBILECLIP_REINFORCE_TEACHERS_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "data/embeddings.h"
#include "engine/session.h"
#include "image/augment.h"

namespace mobileclip {

/// One view of an image: which image of a list, and how it is augmented.
struct View {
  size_t image = 0;
  const Augmentation* augmentation = nullptr;
};

/// Each teacher sees a view at its own input size and with its own normalisation. Not thread-safe.
class Teachers {
 public:
  /// Models as Model::load takes them, in the order of their columns.
  Teachers(const std::vector<std::string>& models, ThreadPool& pool);

  /// Sum of the embedding widths.
  size_t dim() const { return dim_; }
  std::vector<size_t> dims() const;
  /// The largest input size.
  int image_size() const;

  /// views × dim(): per teacher, unit rows. kNonFinite if an embedding is not finite.
  Matrix encode_views(std::span<const RgbImage> images, std::span<const View> views);
  /// texts × dim(), likewise.
  Matrix encode_texts(std::span<const std::string> texts);

 private:
  void put(const std::vector<float>& rows, size_t n, size_t width, size_t column, Matrix& out,
           size_t first_row) const;

  ThreadPool& pool_;
  std::vector<std::shared_ptr<const Model>> models_;
  std::vector<std::unique_ptr<Session>> sessions_;
  size_t dim_ = 0;
};

}  // namespace mobileclip

#endif  // MOBILECLIP_REINFORCE_TEACHERS_H_
