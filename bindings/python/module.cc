// mobileclip._core: what the Python files beside it need of the C++ API, and no more. Arguments
// come checked and converted from there. Whatever computes or reads a file does so without the GIL.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "mobileclip/mobileclip.hpp"

namespace py = pybind11;
namespace mc = mobileclip;

namespace {

using FloatArray = py::array_t<float, py::array::c_style>;
using IdArray = py::array_t<int32_t, py::array::c_style>;

// Calls that compute without the GIL; both variables are guarded by it. When Python exits, these
// calls are waited for, and later ones keep the GIL: who asks for it when the interpreter is gone
// is torn out of the C++ code in the middle, and that ends the process with a signal.
int calls_at_work = 0;
bool exiting = false;

struct CallAtWork {
  CallAtWork() { ++calls_at_work; }
  ~CallAtWork() { --calls_at_work; }
  CallAtWork(const CallAtWork&) = delete;
  CallAtWork& operator=(const CallAtWork&) = delete;
};

/// compute() without the GIL. It may not touch Python objects; the caller keeps alive what it
/// reads.
template <typename Compute>
auto without_gil(const Compute& compute) {
  if (exiting) return compute();
  const CallAtWork call;
  const py::gil_scoped_release release;
  return compute();
}

void wait_for_calls() {
  exiting = true;
  while (calls_at_work > 0) {
    const py::gil_scoped_release release;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

/// The calls of other threads are not there after a fork.
void forget_calls() { calls_at_work = 0; }

/// The exception of an Error: mobileclip._errors knows the classes.
py::object to_exception(const mc::Error& error) {
  const std::string& text = error.message();
  const auto message = py::reinterpret_steal<py::object>(
      PyUnicode_DecodeUTF8(text.data(), static_cast<py::ssize_t>(text.size()), "replace"));
  if (!message) throw py::error_already_set();
  return py::module_::import("mobileclip._errors")
      .attr("from_code")(std::string(mc::error_code_name(error.code())), message);
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): the type that pybind11 wants
void translate(std::exception_ptr thrown) {
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const mc::Error& error) {
    const py::object exception = to_exception(error);
    PyErr_SetObject(py::type::handle_of(exception).ptr(), exception.ptr());
  }
}

template <typename To, typename From>
py::array_t<To> to_array(const std::vector<From>& values, std::vector<py::ssize_t> shape) {
  py::array_t<To> out(std::move(shape));
  std::copy(values.begin(), values.end(), out.mutable_data());
  return out;
}

py::array_t<float> to_array(const mc::Embeddings& rows) {
  return to_array<float>(
      rows.values, {static_cast<py::ssize_t>(rows.size()), static_cast<py::ssize_t>(rows.dim)});
}

std::span<const float> span_of(const FloatArray& array) {
  return {array.data(), static_cast<size_t>(array.size())};
}

/// An image and the Python object that holds its bytes.
struct OwnedImage {
  mc::Image image;
  py::object owner;
  size_t bytes = 0;

  static OwnedImage from_path(const py::bytes& path) {
    return {mc::Image::open(std::string(path)), py::none(), 0};
  }
  static OwnedImage from_bytes(const py::bytes& bytes) {
    const std::string_view view = bytes;
    return {mc::Image::from_bytes(view.data(), view.size()), bytes, view.size()};
  }
  /// H × W × 3, the pixels of a row side by side.
  static OwnedImage from_pixels(const py::array_t<uint8_t>& rgb) {
    const auto height = static_cast<size_t>(rgb.shape(0));
    const auto stride = static_cast<size_t>(rgb.strides(0));
    return {mc::Image::from_pixels(rgb.data(), static_cast<size_t>(rgb.shape(1)), height, stride),
            rgb, stride * height};
  }
};

/// A model and the process that loaded it: its threads are not there after a fork.
class LoadedModel {
 public:
  LoadedModel(const std::string& file_or_name, const mc::Options& options)
      : model_(std::make_unique<mc::Model>(mc::create_model(file_or_name, options))),
        process_(::getpid()) {}
  ~LoadedModel() {
    // In a forked process, to join the threads would be to wait for ever: leave all to its end.
    if (::getpid() != process_) static_cast<void>(model_.release());
  }
  LoadedModel(const LoadedModel&) = delete;
  LoadedModel& operator=(const LoadedModel&) = delete;

  const mc::Model& operator*() const {
    if (::getpid() != process_) {
      throw mc::Error(mc::ErrorCode::kInvalidArgument,
                      "the model was loaded before this process was forked, and its threads stayed "
                      "behind: load it in each process, or start them with multiprocessing's "
                      "method \"spawn\"");
    }
    return *model_;
  }

  /// A tuple cannot change while the GIL is free, so its images and their owners stay.
  py::tuple encode_images(const py::tuple& images, bool normalize) const {
    std::vector<mc::Image> inputs;
    inputs.reserve(images.size());
    for (const py::handle item : images) inputs.push_back(item.cast<const OwnedImage&>().image);
    const mc::Model& model = **this;
    const mc::Embeddings out = without_gil([&] { return model.encode_image(inputs, normalize); });
    py::list errors;
    for (size_t row = 0; row < out.errors.size(); ++row) {
      if (out.errors[row]) errors.append(py::make_tuple(row, to_exception(*out.errors[row])));
    }
    return py::make_tuple(to_array(out), errors);
  }

  py::array_t<float> encode_pixels(const FloatArray& pixels, bool normalize) const {
    const mc::Model& model = **this;
    const std::span<const float> values = span_of(pixels);
    return to_array(without_gil([&] { return model.encode_image(values, normalize); }));
  }

  /// The ids are copied: another thread must not change what was found to be in the vocabulary.
  py::array_t<float> encode_ids(const IdArray& ids, bool normalize) const {
    const mc::Model& model = **this;
    const std::vector<int32_t> values(ids.data(), ids.data() + ids.size());
    return to_array(without_gil([&] { return model.encode_text(values, normalize); }));
  }

 private:
  std::unique_ptr<mc::Model> model_;
  pid_t process_;
};

std::unique_ptr<LoadedModel> load(const std::string& file_or_name, const std::string& arch,
                                  const std::string& tokenizer, const std::string& precision,
                                  int threads, int batch) {
  mc::Options options;
  options.threads = threads;
  options.batch = batch;
  options.arch = arch;
  options.tokenizer = tokenizer;
  options.precision = precision;
  return without_gil([&] { return std::make_unique<LoadedModel>(file_or_name, options); });
}

py::array_t<float> preprocess(const mc::Preprocess& self, const OwnedImage& image) {
  const mc::Pixels pixels = without_gil([&] { return self(image.image); });
  const auto side = static_cast<py::ssize_t>(pixels.image_size);
  return to_array<float>(pixels.values, {3, side, side});
}

/// int64, as the reference's tokenizer gives.
py::tuple tokenize(const mc::Tokenizer& self, const std::vector<std::string>& texts) {
  const mc::Tokens tokens = without_gil([&] { return self(texts); });
  const auto n = static_cast<py::ssize_t>(texts.size());
  return py::make_tuple(
      to_array<int64_t>(tokens.ids, {n, static_cast<py::ssize_t>(tokens.context)}),
      to_array<bool>(tokens.truncated, {n}));
}

/// N × D and L × D → N × L: a row is of(image, labels).
template <typename Of>
py::array_t<double> probabilities(const FloatArray& images, const FloatArray& labels,
                                  const Of& of) {
  const std::span<const float> rows = span_of(images), label_rows = span_of(labels);
  const auto dim = static_cast<size_t>(images.shape(1));
  const mc::Embeddings given{
      static_cast<size_t>(labels.shape(1)), {label_rows.begin(), label_rows.end()}, {}};
  std::vector<double> out;
  without_gil([&] {
    for (size_t n = 0; n < static_cast<size_t>(images.shape(0)); ++n) {
      const std::vector<double> row = of(rows.subspan(n * dim, dim), given);
      out.insert(out.end(), row.begin(), row.end());
    }
  });
  return to_array<double>(out, {images.shape(0), labels.shape(0)});
}

py::array_t<double> zero_shot(const FloatArray& images, const FloatArray& labels, double scale) {
  return probabilities(images, labels,
                       [&](std::span<const float> image, const mc::Embeddings& all) {
                         return mc::zero_shot_probabilities(image, all, scale);
                       });
}

py::array_t<double> sigmoids(const FloatArray& images, const FloatArray& labels, double scale,
                             double bias) {
  return probabilities(images, labels,
                       [&](std::span<const float> image, const mc::Embeddings& all) {
                         return mc::sigmoid_probabilities(image, all, scale, bias);
                       });
}

void bind_model(py::module_& m) {
  py::class_<LoadedModel>(m, "Model")
      .def(py::init(&load), py::arg("file_or_name"), py::arg("arch"), py::arg("tokenizer"),
           py::arg("precision"), py::arg("threads"), py::arg("batch"))
      .def_property_readonly("name", [](const LoadedModel& self) { return (*self).name(); })
      .def_property_readonly("embed_dim",
                             [](const LoadedModel& self) { return (*self).embed_dim(); })
      .def_property_readonly("image_size",
                             [](const LoadedModel& self) { return (*self).image_size(); })
      .def_property_readonly("context_length",
                             [](const LoadedModel& self) { return (*self).context_length(); })
      .def_property_readonly("logit_scale",
                             [](const LoadedModel& self) { return (*self).logit_scale(); })
      .def_property_readonly("logit_bias",
                             [](const LoadedModel& self) { return (*self).logit_bias(); })
      .def_property_readonly("warnings", [](const LoadedModel& self) { return (*self).warnings(); })
      .def_property_readonly("tokenizer",
                             [](const LoadedModel& self) { return (*self).tokenizer(); })
      .def("preprocess", [](const LoadedModel& self) { return (*self).preprocess(); })
      .def("encode_images", &LoadedModel::encode_images, py::arg("images"), py::arg("normalize"))
      .def("encode_pixels", &LoadedModel::encode_pixels, py::arg("pixels").noconvert(),
           py::arg("normalize"))
      .def("encode_ids", &LoadedModel::encode_ids, py::arg("ids").noconvert(),
           py::arg("normalize"));
}

void bind_inputs(py::module_& m) {
  py::class_<OwnedImage>(m, "Image")
      .def_static("from_path", &OwnedImage::from_path, py::arg("path"))
      .def_static("from_bytes", &OwnedImage::from_bytes, py::arg("data"))
      .def_static("from_pixels", &OwnedImage::from_pixels, py::arg("rgb").noconvert())
      .def_readonly("nbytes", &OwnedImage::bytes);
  py::class_<mc::Preprocess>(m, "Preprocess")
      .def("__call__", &preprocess, py::arg("image"))
      .def_property_readonly("image_size", &mc::Preprocess::image_size)
      .def_property_readonly("mean", &mc::Preprocess::mean)
      .def_property_readonly("std", &mc::Preprocess::std);
  py::class_<mc::Tokenizer>(m, "Tokenizer")
      .def(py::init<int>(), py::arg("context_length"))
      .def("__call__", &tokenize, py::arg("texts"))
      .def_property_readonly("context_length", &mc::Tokenizer::context_length)
      .def_property_readonly("is_clip", &mc::Tokenizer::is_clip);
}

}  // namespace

PYBIND11_MODULE(_core, m) {
  m.doc() = "The compiled part of mobileclip; use the package mobileclip.";
  m.attr("version") = MOBILECLIP_VERSION;
  py::register_local_exception_translator(&translate);
  py::module_::import("atexit").attr("register")(py::cpp_function(&wait_for_calls));
  py::module_::import("os").attr("register_at_fork")(py::arg("after_in_child") =
                                                         py::cpp_function(&forget_calls));
  bind_model(m);
  bind_inputs(m);
  m.def("list_models", &mc::list_models);
  m.def("get_tokenizer", &mc::get_tokenizer, py::arg("file_or_name"), py::arg("tokenizer"));
  m.def("zero_shot_probabilities", &zero_shot, py::arg("images").noconvert(),
        py::arg("labels").noconvert(), py::arg("scale"));
  m.def("sigmoid_probabilities", &sigmoids, py::arg("images").noconvert(),
        py::arg("labels").noconvert(), py::arg("scale"), py::arg("bias"));
}
