/// Zero-shot and retrieval accuracy of a student on held-out records.
#ifndef MOBILECLIP_TRAIN_VALIDATE_H_
#define MOBILECLIP_TRAIN_VALIDATE_H_

#include <string>
#include <vector>

#include "train/towers.h"

namespace mobileclip::train {

/// Fractions in [0, 1].
struct Accuracy {
  int64_t images = 0, classes = 0;
  double top1 = 0, top5 = 0;                      ///< over the distinct captions as classes
  double image_to_text1 = 0, image_to_text5 = 0;  ///< the image's own caption among all
  double text_to_image1 = 0, text_to_image5 = 0;  ///< an image with that caption among all
};

/// Records in memory, decoded by the inference contract.
class Validator {
 public:
  /// Classes are the distinct captions of the shards; a class's row is the mean over the templates
  /// ("{}" stands for the caption).
  Validator(const std::vector<std::string>& shards, const std::vector<std::string>& templates,
            const ModelConfig& model);
  /// Eval-mode forward, without gradients.
  Accuracy run(const Student& student) const;

 private:
  std::vector<std::string> templates_;
  torch::Tensor images_;                // N × 3 × S × S
  torch::Tensor labels_;                // N
  std::vector<torch::Tensor> prompts_;  // per template, C × context
};

}  // namespace mobileclip::train

#endif  // MOBILECLIP_TRAIN_VALIDATE_H_
