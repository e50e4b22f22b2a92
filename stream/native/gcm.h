/* AES-GCM as SRTP uses it (RFC 7714), by a library's cipher.
 *
 * Owns the choice between Intel's IPsec library, loaded at run time where it and the processor's
 * instructions are there, and OpenSSL. The law: no cipher of our own. Knows nothing of Python or sockets. */

#ifndef ROSTRUM_GCM_H
#define ROSTRUM_GCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GCM_TAG = 16, GCM_SALT = 12 };

enum gcm_library { GCM_OPENSSL, GCM_IPSEC_MB };
enum gcm_way { GCM_SEALS, GCM_UNSEALS };

/* One key's state. Not to be used by two threads at once. */
struct gcm {
    enum gcm_library library;
    bool wide;                 /* a key of 256 bits, not 128 */
    void *state;               /* the library's own */
    uint8_t salt[GCM_SALT];
};

/* Look for the libraries, once. */
void gcm_start(void);

/* Tell whether IPsec_MB was found, and fits. */
bool gcm_has_ipsec_mb(void);

/* Return a library's name and version. The text lives as long as the process. */
const char *gcm_library_name(enum gcm_library library);

/* Return why IPsec_MB is not used, or NULL where it is. */
const char *gcm_no_ipsec_mb(void);

/* Prepare a key of 16 or 32 bytes and a salt of GCM_SALT bytes, to seal with or to unseal with. False: no
 * memory, or the library refused. */
bool gcm_open(struct gcm *gcm, enum gcm_library library, enum gcm_way way, const uint8_t *key, size_t key_length,
              const uint8_t *salt);

/* Forget the key. */
void gcm_close(struct gcm *gcm);

/* Encrypt `length` bytes into `out`, and the tag behind them; `in` may be `out`. The nonce is salt XOR
 * SSRC and 48-bit index (RFC 7714, section 8.1), the header is authenticated. False: the library failed. */
bool gcm_seal(struct gcm *gcm, uint32_t ssrc, uint64_t index, const uint8_t *header, size_t header_length,
              const uint8_t *in, size_t length, uint8_t *out);

/* Decrypt `length` bytes into `out`, with the tag behind them in `in`. False, and nothing to be used in `out`:
 * they are not authentic. */
bool gcm_unseal(struct gcm *gcm, uint32_t ssrc, uint64_t index, const uint8_t *header, size_t header_length,
                const uint8_t *in, size_t length, uint8_t *out);

#endif
