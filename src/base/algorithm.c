// SPDX-License-Identifier: Apache-2.0
#include <mica/algorithm.h>

#include <string.h>

#include <mica/mem.h>

static const struct algorithm_info table[] = {
	[ALG_EC_P256] = { "ec-p256", false, 256, "P-256", "SHA256" },
	[ALG_EC_P384] = { "ec-p384", false, 384, "P-384", "SHA384" },
	[ALG_RSA_2048] = { "rsa-2048", true, 2048, NULL, "SHA256" },
	[ALG_RSA_3072] = { "rsa-3072", true, 3072, NULL, "SHA256" },
	[ALG_RSA_4096] = { "rsa-4096", true, 4096, NULL, "SHA256" },
};

const struct algorithm_info *algorithm_info(enum algorithm algorithm)
{
	return &table[algorithm];
}

int algorithm_parse(const char *name, enum algorithm *ret)
{
	for (size_t i = 0; i < mem_count(table); i++) {
		if (strcmp(table[i].name, name) == 0) {
			*ret = (enum algorithm)i;
			return 0;
		}
	}
	return -1;
}
