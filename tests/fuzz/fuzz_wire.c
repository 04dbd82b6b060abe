// SPDX-License-Identifier: Apache-2.0
/*
 * What comes over the socket to mica-token and back, and the bytes that are to be signed. The
 * first octet chooses the reader, the rest is what it reads.
 */
#include <stdint.h>
#include <stdlib.h>

#include <mica/mem.h>

#include "wire/proof.h"
#include "wire/tbs.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_tbs(const uint8_t *data, size_t size)
{
	static const uint8_t issuer[] = { 0x30, 0x00 };
	static const uint8_t spki[] = { 0x30, 0x04, 0x30, 0x00, 0x03, 0x00 };
	const struct tbs_rule rule = { .use = TOKEN_USE_ISSUE,
		.algorithm = ALG_EC_P256,
		.issuer = issuer,
		.issuer_len = sizeof(issuer) };
	const struct tbs_rule cross = { TOKEN_USE_CROSS, ALG_EC_P256, issuer, sizeof(issuer),
		NULL, 0, spki, sizeof(spki) };
	struct err err = ERR_INIT;
	struct tbs tbs = { 0 };

	if (tbs_parse(data, size, &tbs, &err) < 0)
		return;
	/* what is shown lies inside what was given */
	if (tbs.issuer < data || tbs.issuer + tbs.issuer_len > data + size ||
	    tbs.issuer_len < 2)
		abort();
	if (tbs.kind == TBS_LEAF || tbs.kind == TBS_CA
	        ? tbs.subject < data || tbs.subject + tbs.subject_len > data + size ||
	              tbs.spki < data || tbs.spki + tbs.spki_len > data + size
	    : tbs.kind == TBS_REQUEST
	        ? tbs.spki < data || tbs.spki + tbs.spki_len > data + size
	        : tbs.algorithm < data || tbs.algorithm + tbs.algorithm_len > data + size)
		abort();
	if (tbs_judge(data, size, &rule, &err) == 0 &&
	    (tbs.kind == TBS_CA || tbs.kind == TBS_REQUEST))
		abort();
	if (tbs_judge(data, size, &cross, &err) == 0 && tbs.kind == TBS_CA &&
	    (!tbs.ends || tbs.spki_len != sizeof(spki)))
		abort();
}

static void read_reply(struct wire_in *in)
{
	struct err err = ERR_INIT;
	struct token_key key = { 0 };
	struct token_info info = { 0 };
	struct token_proof proof = { 0 };
	struct wire_in again;

	(void)wire_get_reply(in, &err);
	again = *in;
	wire_get_proof(&again, &proof);
	(void)wire_end(&again);
	token_proof_clear(&proof);
	wire_get_key(in, &key);
	wire_get_info(in, &info);
	(void)wire_end(in);
	token_key_clear(&key);
	token_info_clear(&info);
}

static void read_request(struct wire_in *in)
{
	struct wire_request request = wire_get_request(in);
	BUF_AUTO bytes = BUF_INIT;
	char *text;

	if (request.type == WIRE_SIGN) {
		for (uint32_t n = wire_get_u32(in); n > 0 && !in->bad; n--) {
			struct wire_span tbs = wire_get_span(in);

			read_tbs(tbs.data, tbs.len);
		}
		return;
	}
	text = wire_get_text(in);
	wire_get_buf(in, &bytes);
	(void)wire_get_u64(in);
	(void)wire_end(in);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_in in;

	if (size == 0)
		return 0;
	in = wire_in(data + 1, size - 1);
	switch (data[0] % 3) {
	case 0:
		read_request(&in);
		break;
	case 1:
		read_reply(&in);
		break;
	default:
		read_tbs(data + 1, size - 1);
		break;
	}
	return 0;
}
