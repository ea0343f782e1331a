/// Everything a run needs to go on exactly where it was, in one file.
#ifndef MOBILECLIP_TRAIN_TRAIN_STATE_H_
#define MOBILECLIP_TRAIN_TRAIN_STATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/record_stream.h"
#include "train/adamw.h"
#include "train/parameters.h"

namespace mobileclip::train {

struct Progress {
  int64_t step = 0;  ///< optimizer steps done
  StreamCursor cursor;
  uint64_t config_hash = 0;
  uint64_t seed = 0;
};

/// The weights as PyTorch and `-m` read them: a plain state_dict with the checkpoint's own names.
/// `values` may stand in for the parameters' own (a moving average); empty: the parameters.
void save_weights(const std::string& path, const Parameters& parameters,
                  const std::vector<torch::Tensor>& values = {});

/// Weights, moments, average, step, cursor and config hash; whole or not at all.
void save_state(const std::string& path, const Parameters& parameters, const AdamW& optimizer,
                const std::vector<torch::Tensor>& average, const Progress& progress);

/// Fills what save_state() stored. kDamaged for a file that is cut, flipped or of another model.
Progress load_state(const std::string& path, const Parameters& parameters, AdamW& optimizer,
                    const std::vector<torch::Tensor>& average);

/// Copies the weights of any checkpoint of this variant into the parameters.
void load_weights(const std::string& path, const Parameters& parameters);

}  // namespace mobileclip::train

#endif  // MOBILECLIP_TRAIN_TRAIN_STATE_H_
