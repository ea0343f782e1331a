/// One image-text record, plain or reinforced (spec/training §2).
#ifndef MOBILECLIP_DATA_RECORD_H_
#define MOBILECLIP_DATA_RECORD_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/embeddings.h"
#include "data/shard_reader.h"
#include "image/augment.h"

namespace mobileclip {

/// What the teachers said of a record. Rows are the teachers' unit vectors side by side.
struct Reinforcement {
  std::vector<Augmentation> augmentations;
  Matrix image;                             ///< one row per augmentation
  Matrix text;                              ///< one row per real caption
  std::map<std::string, Matrix> synthetic;  ///< one row per synthetic caption of that key
};

struct Record {
  std::string key;
  std::string image;            ///< encoded bytes; empty if the record has none
  std::string image_extension;  ///< "png", "jpg", …
  std::optional<std::string> caption;
  std::map<std::string, std::vector<std::string>> synthetic;  ///< "syn_text" → captions
  std::optional<Reinforcement> reinforcement;
  std::map<std::string, std::string> others;  ///< members that mean nothing here, as they are
};

/// Reads every layout of spec §2.2: npz before pth.gz; text rows joint (real rows, then synthetic)
/// or split by key. Errors: kDamaged naming the record, the member and what does not fit.
Record parse_record(const Sample& sample);

enum class EmbeddingFormat { kNpzFloat32, kPthGzBfloat16 };

/// The split layout with paug.json, which parse_record() and the reference read.
Sample make_sample(const Record& record, EmbeddingFormat format);

}  // namespace mobileclip

#endif  // MOBILECLIP_DATA_RECORD_H_
