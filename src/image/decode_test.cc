#include "image/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <set>

#include "image/codecs.h"
#include "image/test_support.h"

namespace mobileclip {
namespace {

using image_test::bytes_of;
using image_test::data_path;
using image_test::decode_error;
using image_test::fingerprint;
using image_test::fixture;
using image_test::read_table;

std::string message_of(const std::string& file) {
  try {
    decode_image(bytes_of(file));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDecode);
    return error.message();
  }
  return "decoded";
}

TEST(DecodeTest, WhatIsNoImageSaysSo) {
  EXPECT_THAT(message_of(""), testing::HasSubstr("empty"));
  EXPECT_THAT(message_of("<!DOCTYPE html><html></html>"), testing::HasSubstr("<!DOCTYPE html>"));
  EXPECT_THAT(message_of(std::string(100, '\0')), testing::HasSubstr("not an image"));
  EXPECT_THAT(message_of("x"), testing::HasSubstr("not an image"));
}

TEST(DecodeTest, FormatIsSniffedFromTheBytes) {
  const std::map<std::string, ImageFormat> formats = {
      {"jpg", ImageFormat::kJpeg}, {"png", ImageFormat::kPng},  {"webp", ImageFormat::kWebp},
      {"gif", ImageFormat::kGif},  {"tif", ImageFormat::kTiff}, {"bmp", ImageFormat::kBmp},
      {"pnm", ImageFormat::kPnm}};
  std::set<ImageFormat> seen;
  for (const auto& row : read_table(data_path("expected.tsv"))) {
    const std::string extension = row[0].substr(row[0].rfind('.') + 1);
    const DecodedImage image = decode_image(bytes_of(fixture(row[0])));
    EXPECT_EQ(image.format, formats.at(extension)) << row[0];
    EXPECT_TRUE(image.warnings.empty()) << row[0] << ": " << image.warnings.front();
    seen.insert(image.format);
  }
  EXPECT_EQ(seen.size(), formats.size());
}

TEST(DecodeTest, AllOrientationsOfAllFormats) {
  const auto rows = read_table(data_path("oriented.tsv"));
  ASSERT_EQ(rows.size(), 32u);
  for (const auto& row : rows) {
    const RgbImage turned = decode_image(bytes_of(fixture(row[0]))).image;
    EXPECT_EQ(fmt::format("{} {}", turned.width, turned.height), row[1] + " " + row[2]) << row[0];
    EXPECT_EQ(fingerprint(turned.pixels), row[3]) << row[0];
  }
}

TEST(DecodeTest, OrientationBlocksThatLieAreIgnored) {
  const std::string good("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0", 22);
  EXPECT_EQ(exif_orientation(bytes_of(good)), 6);
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(exif_orientation(bytes_of(good).first(size)), 1);
  }
  for (const char value : {'\0', '\x09', '\xff'}) {
    std::string bad = good;
    bad[18] = value;
    EXPECT_EQ(exif_orientation(bytes_of(bad)), 1);
  }
  std::string far = good;
  far.replace(4, 4, "\xff\xff\xff\xff");
  EXPECT_EQ(exif_orientation(bytes_of(far)), 1);
}

/// Every prefix of each small file either decodes or is refused as damaged.
TEST(DecodeTest, EveryTruncationIsACleanError) {
  std::map<std::string, size_t> decoded;
  for (const auto& row : read_table(data_path("expected.tsv"))) {
    const std::string file = fixture(row[0]);
    for (size_t size = 0; size < file.size(); ++size) {
      // A copy of its own lets a sanitizer see a read past the end.
      const std::vector<std::byte> cut(bytes_of(file).begin(),
                                       bytes_of(file).begin() + static_cast<std::ptrdiff_t>(size));
      try {
        decode_image(cut);
        ++decoded[row[0].substr(row[0].rfind('.') + 1)];
      } catch (const Error& error) {
        ASSERT_TRUE(error.code() == ErrorCode::kDecode || error.code() == ErrorCode::kUnsupported)
            << row[0] << " cut to " << size << ": " << error.message();
      }
    }
  }
  EXPECT_EQ(decoded["jpg"], 0u) << "a JPEG without its end marker is truncated";
  EXPECT_EQ(decoded["webp"], 0u);
}

std::string mutate(const std::string& file, const std::vector<std::string>& row) {
  const size_t at = std::stoul(row[2]);
  const char value = static_cast<char>(std::stoi(row[3]));
  std::string out = file;
  if (row[1] == "cut") out.resize(at);
  if (row[1] == "set") out[at] = value;
  if (row[1] == "delete") out.erase(at, 1);
  if (row[1] == "insert") out.insert(at, 1, value);
  return out;
}

/// mutants.tsv: what Pillow makes of damaged files; "reject" or the fingerprint of the pixels.
TEST(DecodeTest, DamagedFilesAreJudgedAsByPillow) {
  const auto rows = read_table(data_path("mutants.tsv"));
  ASSERT_GE(rows.size(), 1400u);
  DecodeOptions options;
  options.max_pixels = 1 << 20;
  options.apply_exif_orientation = false;
  for (const auto& row : rows) {
    const std::string file = mutate(fixture(row[0]), row);
    std::string outcome = "reject";
    try {
      outcome = fingerprint(decode_image(bytes_of(file), options).image.pixels);
    } catch (const Error&) {
    }
    EXPECT_EQ(outcome, row[4]) << row[0] << " " << row[1] << " " << row[2] << " " << row[3];
  }
}

std::string big_endian(uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}

std::string png_chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto crc =
      crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<uint32_t>(data.size())) + body +
         big_endian(static_cast<uint32_t>(crc));
}

TEST(DecodeTest, BombsAreRefusedByTheirHeader) {
  using std::string_literals::operator""s;
  const std::string png =
      "\x89PNG\r\n\x1a\n"s +
      png_chunk("IHDR", big_endian(1 << 20) + big_endian(1 << 20) + "\x08\x02\0\0\0"s) +
      png_chunk("IDAT", "x") + png_chunk("IEND", "");
  const std::string gif = "GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0;"s;
  std::string jpeg = fixture("jpeg-rgb.jpg");
  jpeg.replace(jpeg.find("\xff\xc0") + 5, 4, "\xff\xdc\xff\xdc");
  std::string bmp = fixture("bmp-rgb.bmp");
  bmp.replace(18, 8, "\xff\xff\xff\x7f\xff\xff\xff\x7f"s);
  const std::string pnm = "P6 4000000000 4000000000 255\n";
  std::map<std::string, std::string> bombs = {
      {"png", png}, {"gif", gif}, {"jpeg", jpeg}, {"bmp", bmp}, {"pnm", pnm}};
  for (const auto& [name, file] : bombs) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(decode_error(file), ErrorCode::kTooLarge) << name;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(500)) << name;
  }
}

TEST(DecodeTest, PixelCapHoldsForEveryFixture) {
  for (const auto& row : read_table(data_path("expected.tsv"))) {
    const uint64_t pixels = std::stoull(row[1]) * std::stoull(row[2]);
    DecodeOptions options;
    options.max_pixels = pixels;
    EXPECT_NO_THROW(decode_image(bytes_of(fixture(row[0])), options)) << row[0];
    options.max_pixels = pixels - 1;
    EXPECT_EQ(decode_error(fixture(row[0]), options), ErrorCode::kTooLarge) << row[0];
  }
}

TEST(DecodeTest, JpegWithHundredsOfScansIsRefused) {
  const std::string file = fixture("jpeg-progressive-rgb.jpg");
  const size_t scan = file.rfind("\xff\xda");
  const std::string head = file.substr(0, scan);
  const std::string last = file.substr(scan, file.size() - 2 - scan);
  const auto with_scans = [&](int count) {
    std::string out = head;
    for (int i = 0; i < count; ++i) out += last;
    return out + "\xff\xd9";
  };
  EXPECT_NO_THROW(decode_image(bytes_of(with_scans(300))));
  EXPECT_EQ(decode_error(with_scans(600)), ErrorCode::kDecode);
}

TEST(DecodeTest, PngWarningsAreErrorsWhenStrict) {
  const std::string good = fixture("png-rgb.png");
  std::string wrong_crc = good;
  wrong_crc[wrong_crc.size() - 13] ^= 1;  // the last byte of the CRC of IDAT
  const std::string no_end = good.substr(0, good.size() - 12);
  DecodeOptions strict;
  strict.strict = true;
  EXPECT_NO_THROW(decode_image(bytes_of(good), strict));
  const auto expected = decode_image(bytes_of(good)).image.pixels;
  for (const std::string& file : {wrong_crc, no_end}) {
    const DecodedImage image = decode_image(bytes_of(file));
    EXPECT_EQ(image.warnings.size(), 1u);
    EXPECT_EQ(image.image.pixels, expected);
    EXPECT_EQ(decode_error(file, strict), ErrorCode::kDecode);
  }
}

TEST(DecodeTest, HugeAncillaryPngChunkIsRefused) {
  const std::string file = fixture("png-rgb.png");
  const auto with_text = [&](size_t size) {
    return file.substr(0, 33) + png_chunk("teXt", std::string(size, 'x')) + file.substr(33);
  };
  EXPECT_NO_THROW(decode_image(bytes_of(with_text(1 << 20))));
  EXPECT_EQ(decode_error(with_text((1 << 20) + 1)), ErrorCode::kTooLarge);
}

TEST(DecodeTest, BytesAfterTheEndAreIgnored) {
  for (const char* name : {"jpeg-rgb.jpg", "png-rgb.png", "gif-p.gif"}) {
    const std::string file = fixture(name);
    EXPECT_EQ(decode_image(bytes_of(file + "trailing")).image.pixels,
              decode_image(bytes_of(file)).image.pixels)
        << name;
  }
}

TEST(DecodeTest, VersionsNameEveryCodec) {
  std::string all;
  for (const std::string& version : codec_versions()) all += version + "\n";
  for (const char* name : {"libjpeg-turbo", "libpng", "libwebp", "libtiff"}) {
    EXPECT_THAT(all, testing::HasSubstr(name));
  }
}

TEST(Decode, AJpegIsScaledDownWhileBothEdgesStayLongEnough) {
  const std::string file =
      image_test::read_text(std::string(MOBILECLIP_TEST_DATA) + "/augment/photo_q90_420.jpg");
  const RgbImage whole = decode_image(bytes_of(file)).image;
  const size_t shorter = std::min(whole.width, whole.height);
  for (const size_t divisor : {1, 2, 4, 8}) {
    DecodeOptions options;
    options.scaled_edge = shorter / divisor;
    const RgbImage scaled = decode_image(bytes_of(file), options).image;
    ASSERT_EQ(scaled.width, (whole.width + divisor - 1) / divisor) << divisor;
    ASSERT_EQ(scaled.height, (whole.height + divisor - 1) / divisor) << divisor;
    ASSERT_EQ(scaled.pixels.size(), scaled.width * scaled.height * 3);
    // It is the same picture: each pixel near the mean of those it stands for.
    double difference = 0;
    for (size_t y = 0; y < whole.height / divisor; ++y) {
      for (size_t x = 0; x < whole.width / divisor; ++x) {
        double mean = 0;
        for (size_t i = 0; i < divisor * divisor; ++i) {
          const size_t at = (y * divisor + i / divisor) * whole.width + x * divisor + i % divisor;
          mean += whole.pixels[3 * at];
        }
        mean /= static_cast<double>(divisor * divisor);
        difference += std::abs(mean - scaled.pixels[3 * (y * scaled.width + x)]);
      }
    }
    difference /= static_cast<double>((whole.height / divisor) * (whole.width / divisor));
    EXPECT_LT(difference, divisor == 1 ? 0.001 : 3) << divisor;
  }
  DecodeOptions small;
  small.scaled_edge = 1;
  small.max_pixels = whole.width * whole.height - 1;  // the cap is on what the file declares
  EXPECT_EQ(decode_error(file, small), ErrorCode::kTooLarge);
  small = {};
  small.scaled_edge = 1;
  EXPECT_EQ(decode_image(bytes_of(fixture("png-rgb.png")), small).image.pixels,
            decode_image(bytes_of(fixture("png-rgb.png"))).image.pixels);
}

}  // namespace
}  // namespace mobileclip
