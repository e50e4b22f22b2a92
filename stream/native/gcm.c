/* See gcm.h. */

#define _GNU_SOURCE

#include "gcm.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#if defined(__x86_64__) && __has_include(<intel-ipsec-mb.h>)
#include <intel-ipsec-mb.h>
#define WITH_IPSEC_MB 1
#endif

static char openssl_name[96];
static char ipsec_mb_name[96];
static const char *no_ipsec_mb = "it was not there when Rostrum was built";

#ifdef WITH_IPSEC_MB

/* The library's version is in its file's name: what was compiled against another one is not called. */
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define IPSEC_MB_FILE "libIPSec_MB.so." TEXT(IPSEC_MB_MAJOR)
#if IMB_VERSION_NUM >= 0x20000
#define IPSEC_MB_MAJOR 2
#else
#define IPSEC_MB_MAJOR 1
#endif

static IMB_MGR *manager;

static void start_ipsec_mb(void)
{
    void *file = dlopen(IPSEC_MB_FILE, RTLD_NOW | RTLD_LOCAL);
    if (file == NULL) {
        no_ipsec_mb = IPSEC_MB_FILE " is not installed";
        return;
    }
    unsigned (*version)(void);
    const char *(*version_text)(void);
    IMB_MGR *(*allocate)(uint64_t);
    void (*initialise)(IMB_MGR *, IMB_ARCH *);
    *(void **)&version = dlsym(file, "imb_get_version");
    *(void **)&version_text = dlsym(file, "imb_get_version_str");
    *(void **)&allocate = dlsym(file, "alloc_mb_mgr");
    *(void **)&initialise = dlsym(file, "init_mb_mgr_auto");
    if (version == NULL || version_text == NULL || allocate == NULL || initialise == NULL
        || version() < IMB_VERSION_NUM) {
        no_ipsec_mb = IPSEC_MB_FILE " is older than what Rostrum was built with";
        return;
    }
    IMB_MGR *made = allocate(0);
    if (made == NULL) {
        no_ipsec_mb = IPSEC_MB_FILE " could not be started";
        return;
    }
    const uint64_t needed = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ;
    if ((made->features & needed) != needed) {
        no_ipsec_mb = "this processor has no AES instructions";
        return;
    }
    IMB_ARCH arch = IMB_ARCH_NONE;
    initialise(made, &arch);
    if (made->imb_errno != 0 || arch < IMB_ARCH_SSE || made->gcm128_enc == NULL || made->gcm256_enc == NULL
        || made->gcm128_pre == NULL || made->gcm256_pre == NULL) {
        no_ipsec_mb = IPSEC_MB_FILE " could not be started";
        return;
    }
    static const char *const instructions[] = {"", "", "SSE", "AVX", "AVX2", "AVX512"};
    const char *used = arch < (int)(sizeof instructions / sizeof *instructions) ? instructions[arch] : "new";
    snprintf(ipsec_mb_name, sizeof ipsec_mb_name, "IPsec_MB %s (%s)", version_text(), used);
    manager = made;
    no_ipsec_mb = NULL;
}

static void *open_ipsec_mb(const uint8_t *key, bool wide)
{
    void *state = NULL;
    if (posix_memalign(&state, 64, sizeof(struct gcm_key_data)) != 0)
        return NULL;
    if (wide)
        IMB_AES256_GCM_PRE(manager, key, state);
    else
        IMB_AES128_GCM_PRE(manager, key, state);
    return state;
}

static void close_ipsec_mb(void *state)
{
    OPENSSL_cleanse(state, sizeof(struct gcm_key_data));
    free(state);
}

static bool seal_ipsec_mb(const struct gcm *gcm, const uint8_t *nonce, const uint8_t *header,
                          size_t header_length, const uint8_t *in, size_t length, uint8_t *out)
{
    struct gcm_context_data context;
    if (gcm->wide)
        IMB_AES256_GCM_ENC(manager, gcm->state, &context, out, in, length, nonce, header, header_length,
                           out + length, GCM_TAG);
    else
        IMB_AES128_GCM_ENC(manager, gcm->state, &context, out, in, length, nonce, header, header_length,
                           out + length, GCM_TAG);
    return true;
}

static bool unseal_ipsec_mb(const struct gcm *gcm, const uint8_t *nonce, const uint8_t *header,
                            size_t header_length, const uint8_t *in, size_t length, uint8_t *out)
{
    struct gcm_context_data context;
    uint8_t tag[GCM_TAG];
    if (gcm->wide)
        IMB_AES256_GCM_DEC(manager, gcm->state, &context, out, in, length, nonce, header, header_length, tag,
                           GCM_TAG);
    else
        IMB_AES128_GCM_DEC(manager, gcm->state, &context, out, in, length, nonce, header, header_length, tag,
                           GCM_TAG);
    return CRYPTO_memcmp(tag, in + length, GCM_TAG) == 0;
}

#else

static void start_ipsec_mb(void)
{
}

static void *open_ipsec_mb(const uint8_t *key, bool wide)
{
    (void)key, (void)wide;
    return NULL;
}

static void close_ipsec_mb(void *state)
{
    (void)state;
}

static bool seal_ipsec_mb(const struct gcm *gcm, const uint8_t *nonce, const uint8_t *header,
                          size_t header_length, const uint8_t *in, size_t length, uint8_t *out)
{
    (void)gcm, (void)nonce, (void)header, (void)header_length, (void)in, (void)length, (void)out;
    return false;
}

static bool unseal_ipsec_mb(const struct gcm *gcm, const uint8_t *nonce, const uint8_t *header,
                            size_t header_length, const uint8_t *in, size_t length, uint8_t *out)
{
    return seal_ipsec_mb(gcm, nonce, header, header_length, in, length, out);
}

#endif

static void *open_openssl(const uint8_t *key, bool wide, enum gcm_way way)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context == NULL)
        return NULL;
    if (EVP_CipherInit_ex(context, wide ? EVP_aes_256_gcm() : EVP_aes_128_gcm(), NULL, key, NULL,
                          way == GCM_SEALS) != 1) {
        EVP_CIPHER_CTX_free(context);
        return NULL;
    }
    return context;
}

static bool seal_openssl(EVP_CIPHER_CTX *context, const uint8_t *nonce, const uint8_t *header,
                         size_t header_length, const uint8_t *in, size_t length, uint8_t *out)
{
    int done = 0;
    return EVP_EncryptInit_ex(context, NULL, NULL, NULL, nonce) == 1
           && (header_length == 0 || EVP_EncryptUpdate(context, NULL, &done, header, (int)header_length) == 1)
           && (length == 0 || EVP_EncryptUpdate(context, out, &done, in, (int)length) == 1)
           && EVP_EncryptFinal_ex(context, out + length, &done) == 1
           && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, GCM_TAG, out + length) == 1;
}

static bool unseal_openssl(EVP_CIPHER_CTX *context, const uint8_t *nonce, const uint8_t *header,
                           size_t header_length, const uint8_t *in, size_t length, uint8_t *out)
{
    int done = 0;
    return EVP_DecryptInit_ex(context, NULL, NULL, NULL, nonce) == 1
           && (header_length == 0 || EVP_DecryptUpdate(context, NULL, &done, header, (int)header_length) == 1)
           && (length == 0 || EVP_DecryptUpdate(context, out, &done, in, (int)length) == 1)
           && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, GCM_TAG, (void *)(in + length)) == 1
           && EVP_DecryptFinal_ex(context, out + length, &done) == 1;
}

void gcm_start(void)
{
    static bool started;
    if (started)
        return;
    started = true;
    snprintf(openssl_name, sizeof openssl_name, "%.*s", (int)strcspn(OpenSSL_version(OPENSSL_VERSION), "\n"),
             OpenSSL_version(OPENSSL_VERSION));
    start_ipsec_mb();
}

bool gcm_has_ipsec_mb(void)
{
    return no_ipsec_mb == NULL;
}

const char *gcm_library_name(enum gcm_library library)
{
    return library == GCM_IPSEC_MB ? ipsec_mb_name : openssl_name;
}

const char *gcm_no_ipsec_mb(void)
{
    return no_ipsec_mb;
}

bool gcm_open(struct gcm *gcm, enum gcm_library library, enum gcm_way way, const uint8_t *key, size_t key_length,
              const uint8_t *salt)
{
    gcm->library = library;
    gcm->wide = key_length == 32;
    gcm->state =
        library == GCM_IPSEC_MB ? open_ipsec_mb(key, gcm->wide) : open_openssl(key, gcm->wide, way);
    memcpy(gcm->salt, salt, GCM_SALT);
    return gcm->state != NULL;
}

void gcm_close(struct gcm *gcm)
{
    if (gcm->state == NULL)
        return;
    if (gcm->library == GCM_IPSEC_MB)
        close_ipsec_mb(gcm->state);
    else
        EVP_CIPHER_CTX_free(gcm->state);
    gcm->state = NULL;
}

static void write_nonce(const struct gcm *gcm, uint32_t ssrc, uint64_t index, uint8_t *nonce)
{
    memcpy(nonce, gcm->salt, GCM_SALT);
    for (int place = 0; place < 4; place++)
        nonce[2 + place] ^= (uint8_t)(ssrc >> (24 - 8 * place));
    for (int place = 0; place < 6; place++)
        nonce[6 + place] ^= (uint8_t)(index >> (40 - 8 * place));
}

bool gcm_seal(struct gcm *gcm, uint32_t ssrc, uint64_t index, const uint8_t *header, size_t header_length,
              const uint8_t *in, size_t length, uint8_t *out)
{
    uint8_t nonce[GCM_SALT];
    write_nonce(gcm, ssrc, index, nonce);
    if (gcm->library == GCM_IPSEC_MB)
        return seal_ipsec_mb(gcm, nonce, header, header_length, in, length, out);
    return seal_openssl(gcm->state, nonce, header, header_length, in, length, out);
}

bool gcm_unseal(struct gcm *gcm, uint32_t ssrc, uint64_t index, const uint8_t *header, size_t header_length,
                const uint8_t *in, size_t length, uint8_t *out)
{
    uint8_t nonce[GCM_SALT];
    write_nonce(gcm, ssrc, index, nonce);
    if (gcm->library == GCM_IPSEC_MB)
        return unseal_ipsec_mb(gcm, nonce, header, header_length, in, length, out);
    return unseal_openssl(gcm->state, nonce, header, header_length, in, length, out);
}
