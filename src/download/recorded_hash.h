/// What was noted beside a model's file when it was fetched.
#ifndef MOBILECLIP_DOWNLOAD_RECORDED_HASH_H_
#define MOBILECLIP_DOWNLOAD_RECORDED_HASH_H_

#include <string>

namespace mobileclip {

/// FOLDER/NAME.licence.json beside FOLDER/NAME.pt, an object with "file" and "sha256". The SHA-256
/// in lower-case hexadecimal, or empty if there is no record or it is of another file. The name in
/// a record is compared, never opened; it must be a plain one. Errors: kHostile for a name that is
/// not, kDamaged for a record that cannot be read.
std::string recorded_sha256(const std::string& model_file);

}  // namespace mobileclip

#endif  // MOBILECLIP_DOWNLOAD_RECORDED_HASH_H_
