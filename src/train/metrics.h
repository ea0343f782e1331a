/// metrics.jsonl and its curves.
#ifndef MOBILECLIP_TRAIN_METRICS_H_
#define MOBILECLIP_TRAIN_METRICS_H_

#include <cstdint>
#include <fstream>
#include <string>

namespace mobileclip::train {

struct StepReport;
struct Accuracy;

/// Appends one JSON object a line. Opened for a run that goes on from `step`, lines of later steps
/// are dropped first, so that each step stands there once.
class Metrics {
 public:
  Metrics(const std::string& path, int64_t step);
  void step(const StepReport& report);
  void validation(int64_t step, const Accuracy& accuracy);

 private:
  void line(const std::string& text);
  std::string path_;
  std::ofstream file_;
};

/// Loss, scale, learning rate and accuracy over the steps as one SVG picture.
void write_curves(const std::string& metrics, const std::string& svg);

}  // namespace mobileclip::train

#endif  // MOBILECLIP_TRAIN_METRICS_H_
