// SPDX-License-Identifier: Apache-2.0
/* profile: what a certificate is for. A leaf is one of two; the third is the CA's own. */
#ifndef MICA_PROFILE_H
#define MICA_PROFILE_H

enum profile { PROFILE_SERVER, PROFILE_CLIENT, PROFILE_CA };

/* "server", "client", "ca" */
const char *profile_name(enum profile profile);

#endif
