#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

// Names that GnuTLS has as an enumeration's and as a macro's.
static const unsigned cgnutls_client = GNUTLS_CLIENT | GNUTLS_NONBLOCK;
static const unsigned cgnutls_server = GNUTLS_SERVER | GNUTLS_NONBLOCK;

// `gnutls_free` is a variable.
static inline void cgnutls_free(void *memory) {
    if (memory) (gnutls_free)(memory);
}
