#include "engine/image_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "engine/recognise.h"
#include "engine/session.h"
#include "engine/synthetic.h"

namespace mobileclip {
namespace {

/// A folder of small pictures, two files that are none, and a model.
class ImageStream : public testing::Test {
 protected:
  static constexpr size_t kFiles = 23;

  void SetUp() override {
    folder_ = testing::TempDir() + "/image_stream";
    std::filesystem::create_directories(folder_);
    const std::string checkpoint = folder_ + "/nano.pt";
    write_synthetic_checkpoint(require_variant("mobileclip_nano"), checkpoint);
    ThreadPool pool(1);
    model_ = Model::load(checkpoint, {}, pool);
    for (size_t i = 0; i < kFiles; ++i) {
      paths_.push_back(folder_ + "/" + std::to_string(i) + ".ppm");
      std::ofstream(paths_.back(), std::ios::binary) << picture(i);
    }
    std::ofstream(paths_[kBad]) << "no picture";
    std::filesystem::remove(paths_[kMissing]);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static std::string picture(size_t seed) {
    std::string out = "P6 60 50 255 ";
    for (size_t i = 0; i < 60 * 50 * 3; ++i) {
      out += static_cast<char>((i * (seed + 3) + i * i / 7 * seed) % 251);
    }
    return out;
  }

  /// Rows one by one, without a stream.
  std::vector<Embedding> alone() {
    ThreadPool pool(1);
    Session session(model_, pool);
    std::vector<Embedding> out;
    for (const std::string& path : paths_) {
      const Result<RgbImage> crop = load_image(path, model_->preprocess(), {});
      Embedding& row = out.emplace_back(crop.ok() ? 256 : 0);
      if (!crop.ok()) continue;
      session.encode_crops({&*crop, 1}, row.data());
      normalize_rows(row.data(), 1, row.size());
    }
    return out;
  }

  static constexpr size_t kBad = 5, kMissing = 11;
  std::string folder_;
  std::vector<std::string> paths_;
  std::shared_ptr<const Model> model_;
};

TEST_F(ImageStream, RowsAreInOrderAndBitEqualForAnyThreadsAndBatch) {
  const std::vector<Embedding> expected = alone();
  for (const int threads : {1, 2, 3, 20}) {
    ThreadPool pool(threads);
    for (const size_t batch : {1, 3, 8, 64}) {
      size_t next = 0;
      ImageStreamOptions options;
      options.batch = batch;
      const ImageStreamTimes times =
          embed_image_files(model_, pool, paths_, options,
                            [&](size_t first, std::span<const Result<Embedding>> rows) {
                              ASSERT_EQ(first, next);
                              EXPECT_LE(rows.size(), batch);
                              for (const Result<Embedding>& row : rows) {
                                ASSERT_EQ(row.ok(), next != kBad && next != kMissing) << next;
                                if (row.ok()) {
                                  EXPECT_EQ(*row, expected[next]) << next;
                                }
                                ++next;
                              }
                            });
      EXPECT_EQ(next, kFiles) << threads << " threads, batch " << batch;
      EXPECT_NEAR(times.decode + times.resize + times.network + times.wait, 1, 0.01);
      EXPECT_GT(times.seconds, 0);
      EXPECT_GT(times.decode, 0);
      EXPECT_GT(times.resize, 0);
      EXPECT_GT(times.network, 0);
    }
  }
}

// The second file is a pipe into which nobody writes before the first embedding is there.
TEST_F(ImageStream, ComputesWhileAFileIsStillBeingRead) {
  const std::string pipe = folder_ + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  paths_[1] = pipe;
  std::atomic<int> wrote = 0;  // 1: after the first row, 2: because none came
  const auto write = [&](int who) {
    int nobody = 0;
    if (wrote.compare_exchange_strong(nobody, who)) {
      std::ofstream(pipe, std::ios::binary) << picture(1);
    }
  };
  std::atomic<bool> over = false;
  std::thread watchdog([&] {
    for (int i = 0; i < 300 && !over; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (!over) write(2);
  });
  ThreadPool pool(2);
  ImageStreamOptions options;
  options.batch = 1;
  size_t rows_seen = 0;
  embed_image_files(model_, pool, paths_, options,
                    [&](size_t, std::span<const Result<Embedding>> rows) {
                      rows_seen += rows.size();
                      write(1);
                    });
  over = true;
  watchdog.join();
  EXPECT_EQ(wrote, 1);
  EXPECT_EQ(rows_seen, kFiles);
}

TEST_F(ImageStream, FastDecodingOfALargeJpegIsCloseAndNotTheSame) {
  const std::vector<std::string> photo = {MOBILECLIP_TEST_DATA "/augment/photo_q90_420.jpg"};
  ThreadPool pool(1);
  std::vector<Embedding> rows;
  for (const bool fast : {false, true}) {
    ImageStreamOptions options;
    options.fast_decode = fast;
    embed_image_files(
        model_, pool, photo, options,
        [&](size_t, std::span<const Result<Embedding>> row) { rows.push_back(*row[0]); });
  }
  EXPECT_NE(rows[0], rows[1]);
  EXPECT_GT(cosine(rows[0], rows[1]), 0.99);
}

TEST_F(ImageStream, WhatTheCallerThrowsEndsIt) {
  for (const int threads : {1, 2}) {
    ThreadPool pool(threads);
    size_t calls = 0;
    EXPECT_THROW(embed_image_files(model_, pool, paths_, {.batch = 2},
                                   [&](size_t, std::span<const Result<Embedding>>) {
                                     if (++calls == 2) fail(ErrorCode::kIo, "no space");
                                   }),
                 Error);
    EXPECT_EQ(calls, 2U);
  }
}

}  // namespace
}  // namespace mobileclip
