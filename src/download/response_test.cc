#include "download/response.h"

#include <gtest/gtest.h>

#include "config/published.h"
#include "download/address.h"
#include "download/sha256.h"

namespace mobileclip {
namespace {

// SHA-256 of "abc", from FIPS 180-2.
constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kAbc64 = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";

Response read(std::initializer_list<std::string_view> lines) {
  Response response;
  for (const std::string_view line : lines) read_header(line, response);
  return response;
}

TEST(Sha256, KnownHashes) {
  Sha256 sum;
  sum.update("a");
  sum.update("");
  sum.update("bc");
  EXPECT_EQ(sum.hex(), kAbc);
  EXPECT_EQ(sha256_from_base64(kAbc64), kAbc);
  EXPECT_EQ(sha256_from_base64("ungWv48Bz"), "");
  EXPECT_EQ(sha256_from_base64("!ngWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="), "");
  EXPECT_EQ(sha256_from_hex(std::string(64, 'A')), std::string(64, 'a'));
  EXPECT_EQ(sha256_from_hex(std::string(63, 'a')), "");
  EXPECT_EQ(sha256_from_hex(std::string(64, 'g')), "");
}

TEST(Response, PlainAnswer) {
  const Response response =
      read({"HTTP/1.1 200 OK\r\n", "content-length:  12 \r\n", "ETag: \"x\"\r\n", "\r\n"});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.whole_size(), 12U);
  EXPECT_EQ(response.etag, "\"x\"");
  EXPECT_EQ(response.sha256(), "");
}

TEST(Response, PartialAnswer) {
  const Response response =
      read({"HTTP/2 206", "Content-Range: bytes 10-19/20", "Content-Length: 10"});
  EXPECT_EQ(response.first, 10U);
  EXPECT_EQ(response.whole_size(), 20U);
  EXPECT_FALSE(read({"HTTP/2 206", "Content-Range: bytes */20"}).first.has_value());
  EXPECT_FALSE(read({"HTTP/2 206", "Content-Range: items 1-2/20"}).total.has_value());
  EXPECT_FALSE(read({"HTTP/2 206", "Content-Range: bytes 1-2/x"}).total.has_value());
}

TEST(Response, WeakTagsAndBadNumbersAreNone) {
  EXPECT_EQ(read({"HTTP/2 200", "ETag: W/\"x\""}).etag, "");
  EXPECT_EQ(read({"HTTP/2 200", "ETag: \""}).etag, "");
  EXPECT_FALSE(read({"HTTP/2 200", "Content-Length: -1"}).whole_size().has_value());
  EXPECT_FALSE(
      read({"HTTP/2 200", "Content-Length: 99999999999999999999"}).whole_size().has_value());
  EXPECT_FALSE(read({"HTTP/2 404", "Content-Length: 3"}).whole_size().has_value());
}

TEST(Response, HashesOfTheWholeFile) {
  EXPECT_EQ(
      read({"HTTP/2 200", std::string("Repr-Digest: md5=:xx:, sha-256=:") + kAbc64 + ":"}).sha256(),
      kAbc);
  EXPECT_EQ(read({"HTTP/2 200", std::string("digest: SHA-256=") + kAbc64}).sha256(), kAbc);
  // Of the bytes sent, not of the file; and an ETag is no hash, whatever it looks like.
  EXPECT_EQ(read({"HTTP/2 206", std::string("Content-Digest: sha-256=:") + kAbc64 + ":"}).sha256(),
            "");
  EXPECT_EQ(read({"HTTP/2 200", std::string("ETag: \"") + kAbc + "\""}).sha256(), "");
}

TEST(Response, WhatAHubSaysOutlivesItsRedirect) {
  const Response response =
      read({"HTTP/2 302", "Location: https://storage/x", "ETag: \"hub\"", "X-Linked-Size: 3",
            std::string("X-Linked-Etag: \"") + kAbc + "\"", "", "HTTP/2 200", "ETag: \"storage\""});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.etag, "\"storage\"");
  EXPECT_EQ(response.location, "");
  EXPECT_EQ(response.linked_size, 3U);
  EXPECT_EQ(response.sha256(), kAbc);
}

TEST(Address, HubAndPlain) {
  EXPECT_EQ(resolve_address("huggingface:apple/MobileCLIP-S0/mobileclip_s0.pt"),
            "https://huggingface.co/apple/MobileCLIP-S0/resolve/main/mobileclip_s0.pt");
  EXPECT_EQ(resolve_address("HTTPS://host/x.pt"), "HTTPS://host/x.pt");
  for (const char* bad : {"http://host/x.pt", "ftp://host/x", "file:///x", "host/x.pt", "",
                          "huggingface:apple", "huggingface:apple/x", "https://", "https://a b/",
                          "huggingface:apple/x/", "huggingface:a/../b", "https://host/\n"}) {
    EXPECT_EQ(resolve_address(bad), "") << bad;
  }
}

TEST(Address, SecretsAreNotShown) {
  EXPECT_EQ(shown_address("https://me:word@host/x.pt?token=1#f"), "https://host/x.pt");
  EXPECT_EQ(shown_address("https://host/a@b"), "https://host/a@b");
  // Found by fuzzing: addresses that are none.
  EXPECT_EQ(shown_address("/x.pt?token=1"), "/x.pt");
  EXPECT_EQ(shown_address("/x.pt?to=https://host/y?token=1"), "/x.pt");
  EXPECT_EQ(host_of("https://me:word@host:8443/x"), "host:8443");
}

TEST(Published, EveryAddressResolves) {
  for (const PublishedWeights& row : published_weights()) {
    EXPECT_NE(resolve_address(row.sources[0]), "") << row.name;
    EXPECT_EQ(resolve_address(row.sources[1]).empty(), row.sources[1].empty()) << row.name;
    EXPECT_TRUE(row.sha256.empty() || sha256_from_hex(row.sha256) == row.sha256) << row.name;
    EXPECT_EQ(find_published(row.name), &row);
  }
  EXPECT_EQ(find_published("MOBILECLIP_s0"), find_published("mobileclip_s0"));
  EXPECT_EQ(find_published("mobileclip"), nullptr);
}

}  // namespace
}  // namespace mobileclip
