/// Datasets that are no tars: folders of images, and CSV files with images beside them.
#ifndef MOBILECLIP_EVAL_RAW_FOLDERS_H_
#define MOBILECLIP_EVAL_RAW_FOLDERS_H_

#include <string>

#include "eval/layout.h"

namespace mobileclip::eval {

/// Flickr, MSCOCO and WinoGAViL as the nlphuji repositories hold them, unpacked in a folder of the
/// repository's name below `data_dir`. False, and nothing changed, if the folder is not there.
/// Error kDamaged for a CSV that cannot be understood.
bool add_raw_folders(DatasetFiles& dataset, const std::string& data_dir);

}  // namespace mobileclip::eval

#endif  // MOBILECLIP_EVAL_RAW_FOLDERS_H_
