#include "orchestrator/access/seal.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <cstring>
#include <memory>

#include "protocol/base64.h"
#include "trace/random.h"

namespace devs {
namespace {

constexpr std::string_view kPrefix = "v1.";
constexpr std::size_t kNonceBytes = 12, kTagBytes = 16, kHeadBytes = 1 + kNonceBytes;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Seal::Seal(const Key& key) : key_(key) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(key_.data(), key_.size(), digest.data());
  key_id_ = digest[0];
}

Seal Seal::of_this_process() {
  Key key{};
  random_bytes(key);
  return Seal(key);
}

Result<Seal> Seal::open(const std::filesystem::path& file) {
  const Result<Key> key = open_key_file(file);
  if (!key.ok()) return key.status();
  return Seal(*key);
}

// HKDF (RFC 5869) with SHA-256 and one block of output, without salt.
Seal::Key Seal::derived(std::string_view purpose) const {
  Key extracted{}, out{};
  const Key no_salt{};
  unsigned size = 0;
  HMAC(EVP_sha256(), no_salt.data(), static_cast<int>(no_salt.size()), key_.data(), key_.size(),
       extracted.data(), &size);
  std::string info(purpose);
  info += '\x01';
  HMAC(EVP_sha256(), extracted.data(), static_cast<int>(extracted.size()), bytes_of(info),
       info.size(), out.data(), &size);
  return out;
}

std::string Seal::seal(std::string_view purpose, std::string_view content) const {
  const Key key = derived(purpose);
  std::array<std::uint8_t, kNonceBytes> nonce{};
  random_bytes(nonce);
  std::string out(kHeadBytes + content.size() + kTagBytes, '\0');
  out[0] = static_cast<char>(key_id_);
  std::memcpy(out.data() + 1, nonce.data(), nonce.size());
  auto* const text = reinterpret_cast<unsigned char*>(out.data()) + kHeadBytes;
  const Cipher cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int size = 0;
  EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), nonce.data());
  EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes_of(purpose),
                    static_cast<int>(purpose.size()));
  EVP_EncryptUpdate(cipher.get(), text, &size, bytes_of(content), static_cast<int>(content.size()));
  EVP_EncryptFinal_ex(cipher.get(), text + size, &size);
  EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, text + content.size());
  return std::string(kPrefix) + base64url_encode(out);
}

std::optional<std::string> Seal::open(std::string_view purpose, std::string_view sealed) const {
  if (!sealed.starts_with(kPrefix)) return std::nullopt;
  auto bytes = base64url_decode(sealed.substr(kPrefix.size()));
  if (!bytes || bytes->size() < kHeadBytes + kTagBytes ||
      static_cast<std::uint8_t>((*bytes)[0]) != key_id_) {
    return std::nullopt;
  }
  const Key key = derived(purpose);
  const std::size_t length = bytes->size() - kHeadBytes - kTagBytes;
  auto* const raw = reinterpret_cast<unsigned char*>(bytes->data());
  std::string content(length, '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int size = 0;
  EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), raw + 1);
  EVP_DecryptUpdate(cipher.get(), nullptr, &size, bytes_of(purpose),
                    static_cast<int>(purpose.size()));
  EVP_DecryptUpdate(cipher.get(), reinterpret_cast<unsigned char*>(content.data()), &size,
                    raw + kHeadBytes, static_cast<int>(length));
  EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, raw + kHeadBytes + length);
  int rest = 0;
  if (EVP_DecryptFinal_ex(cipher.get(), reinterpret_cast<unsigned char*>(content.data()) + size,
                          &rest) != 1) {
    return std::nullopt;
  }
  return content;
}

}  // namespace devs
