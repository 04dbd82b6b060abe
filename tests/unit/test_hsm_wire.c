// SPDX-License-Identifier: Apache-2.0
/* Messages, the judge of what is signed, and the words for CKR_ values. */
#include "hsm_world.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "../../hsm/wire/ckr.h"
#include "../../hsm/wire/tbs.h"
#include "../../hsm/wire/wire.h"

/* --- messages ------------------------------------------------------------------ */

static void fill_key(struct token_key *key)
{
	*key = (struct token_key){
		.algorithm = ALG_RSA_3072,
		.label = mem_strdup("a \"label\""),
		.sensitive = TOKEN_FLAG_TRUE,
		.always_sensitive = TOKEN_FLAG_ABSENT,
		.extractable = TOKEN_FLAG_FALSE,
		.decrypt = TOKEN_FLAG_TRUE,
	};
	buf_add(&key->spki, "spki\0more", 9);
	buf_add(&key->id, "\x01\x00", 2);
}

static void test_key(void **state)
{
	struct token_key in, out = { 0 };
	BUF_AUTO message = BUF_INIT;
	struct wire_in reader;

	(void)state;
	fill_key(&in);
	wire_put_key(&message, &in);
	reader = wire_in(message.data, message.len);
	wire_get_key(&reader, &out);
	assert_true(wire_end(&reader));
	assert_true(buf_same(&out.spki, in.spki.data, in.spki.len));
	assert_true(buf_same(&out.id, in.id.data, in.id.len));
	assert_string_equal(out.label, in.label);
	assert_int_equal(out.algorithm, ALG_RSA_3072);
	assert_int_equal(out.sensitive, TOKEN_FLAG_TRUE);
	assert_int_equal(out.always_sensitive, TOKEN_FLAG_ABSENT);
	assert_int_equal(out.extractable, TOKEN_FLAG_FALSE);
	assert_int_equal(out.decrypt, TOKEN_FLAG_TRUE);
	token_key_clear(&out);
	/* every shorter message is a fault, and so is a longer one */
	for (size_t len = 0; len < message.len; len++) {
		reader = wire_in(message.data, len);
		wire_get_key(&reader, &out);
		assert_false(wire_end(&reader));
		token_key_clear(&out);
	}
	buf_add(&message, "", 1);
	reader = wire_in(message.data, message.len);
	wire_get_key(&reader, &out);
	assert_false(wire_end(&reader));
	token_key_clear(&out);
	token_key_clear(&in);
}

static void test_info(void **state)
{
	struct token_info in = { .serial = NULL,
		.flags = 0x123456789,
		.min_pin = 4,
		.max_pin = 255,
		.pad = true,
		.locked = true };
	struct token_info out = { 0 };
	BUF_AUTO message = BUF_INIT;
	struct wire_in reader;

	(void)state;
	in.label = mem_strdup("token");
	wire_put_info(&message, &in);
	reader = wire_in(message.data, message.len);
	wire_get_info(&reader, &out);
	assert_true(wire_end(&reader));
	assert_string_equal(out.label, "token");
	assert_string_equal(out.serial, "");
	assert_int_equal(out.flags, 0x123456789);
	assert_int_equal(out.max_pin, 255);
	assert_true(out.pad && out.locked);
	assert_false(out.initialized || out.login_required || out.count_low || out.final_try);
	token_info_clear(&in);
	token_info_clear(&out);
}

static void test_texts(void **state)
{
	BUF_AUTO message = BUF_INIT;
	struct wire_in reader;
	char *text;

	(void)state;
	wire_put_text(&message, NULL);
	wire_put_text(&message, "");
	wire_put_bytes(&message, "a\0b", 3);
	reader = wire_in(message.data, message.len);
	assert_null(wire_get_text(&reader));
	assert_false(reader.bad);
	text = wire_get_text(&reader);
	assert_string_equal(text, "");
	free(text);
	assert_null(wire_get_text(&reader));
	assert_true(reader.bad);
}

static void test_reply(void **state)
{
	struct err said = ERR_INIT, heard = ERR_INIT;
	BUF_AUTO message = BUF_INIT;
	struct wire_in reader;

	(void)state;
	err_set(&said, ERR_PIN, "the PIN is wrong");
	err_hint(&said, "look at it");
	wire_begin_reply(&message, 77, &said);
	reader = wire_in(message.data, message.len);
	assert_int_equal(wire_get_reply(&reader, &heard), 77);
	assert_true(wire_end(&reader));
	assert_int_equal(heard.kind, ERR_PIN);
	assert_string_equal(heard.text, "the PIN is wrong");
	assert_string_equal(heard.hint, "look at it");
	buf_clear(&message);
	wire_begin_reply(&message, 78, NULL);
	reader = wire_in(message.data, message.len);
	assert_int_equal(wire_get_reply(&reader, &heard), 78);
	assert_true(wire_end(&reader));
	assert_int_equal(heard.kind, ERR_NONE);
	/* a kind that does not exist; an error without words */
	buf_clear(&message);
	wire_put_u32(&message, 1);
	wire_put_u32(&message, 99);
	wire_put_text(&message, "x");
	wire_put_text(&message, NULL);
	reader = wire_in(message.data, message.len);
	(void)wire_get_reply(&reader, &heard);
	assert_true(reader.bad);
	buf_clear(&message);
	wire_put_u32(&message, 1);
	wire_put_u32(&message, ERR_FAILED);
	wire_put_text(&message, NULL);
	wire_put_text(&message, NULL);
	reader = wire_in(message.data, message.len);
	(void)wire_get_reply(&reader, &heard);
	assert_true(reader.bad);
}

static void test_socket(void **state)
{
	BUF_AUTO message = BUF_INIT;
	unsigned char got[16];
	int pair[2], fd = -1, pipes[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(pipe(pipes), 0);
	buf_addstr(&message, "hello");
	assert_int_equal(wire_send(pair[0], &message, pipes[1], 0), 0);
	assert_int_equal(wire_receive(pair[1], got, sizeof(got), &fd, 0), 5);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(read(pipes[0], got, 1), 1);
	close(fd);
	/* too long is an error, not a part of it */
	buf_addstr(&message, " and something longer than sixteen");
	assert_int_equal(wire_send(pair[0], &message, pipes[1], 0), 0);
	assert_int_equal(wire_receive(pair[1], got, sizeof(got), &fd, 0), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(fd, -1);
	close(pair[0]);
	assert_int_equal(wire_receive(pair[1], got, sizeof(got), &fd, 0), 0);
	close(pair[1]);
	close(pipes[0]);
	close(pipes[1]);
}

/* The lowest descriptor that is free: it rises when one is left open. */
static int next_fd(void)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	return fd;
}

/* Two descriptors where one is due: the other is not left open. */
static void test_two_descriptors(void **state)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control = { 0 };
	char text[] = "hello";
	struct iovec part = { text, sizeof(text) };
	struct msghdr header = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	unsigned char got[16];
	int pair[2], both[2], fd = -1, free_fd;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	both[0] = both[1] = pair[0];
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(both));
	memcpy(CMSG_DATA(&control.align), both, sizeof(both));
	assert_int_equal(sendmsg(pair[0], &header, 0), sizeof(text));
	free_fd = next_fd();
	assert_int_equal(wire_receive(pair[1], got, sizeof(got), &fd, 0), sizeof(text));
	if (fd >= 0)
		close(fd);
	assert_int_equal(next_fd(), free_fd);
	close(pair[0]);
	close(pair[1]);
}

/* What could change between the judgement and the signature is not signed. */
static void test_sealed(void **state)
{
	static const int needed[] = { F_SEAL_WRITE, F_SEAL_SHRINK, F_SEAL_GROW };
	char path[] = "/tmp/mica-sealed-XXXXXX";
	int file = mkstemp(path);
	int memory = memfd_create("mica-test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	(void)state;
	assert_true(file >= 0 && memory >= 0);
	assert_false(wire_is_sealed(file));
	for (size_t i = 0; i < mem_count(needed); i++) {
		assert_false(wire_is_sealed(memory));
		assert_int_equal(fcntl(memory, F_ADD_SEALS, needed[i]), 0);
	}
	assert_true(wire_is_sealed(memory));
	assert_false(wire_is_sealed(-1));
	close(memory);
	close(file);
	unlink(path);
}

static void test_steps(void **state)
{
	(void)state;
	assert_string_equal(wire_step_name(STEP_LOGIN), "C_Login");
	assert_string_equal(wire_step_name(12345), "an unknown call");
	for (uint32_t i = 0; i < STEP_COUNT; i++)
		assert_non_null(wire_step_name(i));
}

/* --- what is signed ------------------------------------------------------------ */

static void test_kinds(void **state)
{
	static const enum algorithm algorithms[] = { ALG_EC_P256, ALG_EC_P384, ALG_RSA_2048 };
	struct err err = ERR_INIT;
	BUF_AUTO issuer = BUF_INIT;

	(void)state;
	world_issuer("mica test", &issuer);
	for (size_t i = 0; i < mem_count(algorithms); i++) {
		struct tbs_rule rule = { TOKEN_USE_ISSUE, algorithms[i], issuer.data,
			issuer.len, NULL, 0, NULL, 0 };
		BUF_AUTO der = BUF_INIT;
		struct tbs tbs;

		world_tbs(algorithms[i], &world_leaf, &der);
		must(tbs_parse(der.data, der.len, &tbs, &err), &err);
		assert_int_equal(tbs.kind, TBS_LEAF);
		must(tbs_judge(der.data, der.len, &rule, &err), &err);
		world_tbs(algorithms[i], &world_ca, &der);
		must(tbs_parse(der.data, der.len, &tbs, &err), &err);
		assert_int_equal(tbs.kind, TBS_CA);
		assert_int_equal(tbs_judge(der.data, der.len, &rule, &err), -1);
		assert_int_equal(err.kind, ERR_REFUSED);
		world_crl(algorithms[i], (long)i, &der);
		must(tbs_parse(der.data, der.len, &tbs, &err), &err);
		assert_int_equal(tbs.kind, TBS_CRL);
		rule.use = TOKEN_USE_ISSUE;
		must(tbs_judge(der.data, der.len, &rule, &err), &err);
		rule.algorithm = algorithms[(i + 1) % mem_count(algorithms)];
		assert_int_equal(tbs_judge(der.data, der.len, &rule, &err), -1);
	}
}

/* A prefix is never taken for the whole, nor bytes behind it. */
static void test_cut(void **state)
{
	BUF_AUTO der = BUF_INIT;
	struct err err = ERR_INIT;
	struct tbs tbs;

	(void)state;
	world_tbs(ALG_EC_P256, &world_ca, &der);
	for (size_t len = 0; len < der.len; len++) {
		MICA_FREE unsigned char *exact = mem_zalloc(len);

		if (len > 0)
			memcpy(exact, der.data, len);
		assert_int_equal(tbs_parse(exact, len, &tbs, &err), -1);
		assert_int_equal(err.kind, ERR_REFUSED);
	}
	buf_add(&der, "", 1);
	assert_int_equal(tbs_parse(der.data, der.len, &tbs, &err), -1);
}

/* --- certificates of CAs ---------------------------------------------------------------- */

static void refused(const struct buf *der, const struct tbs_rule *rule, const char *words)
{
	struct err err = ERR_INIT;

	assert_int_equal(tbs_judge(der->data, der->len, rule, &err), -1);
	assert_int_equal(err.kind, ERR_REFUSED);
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
}

static void test_cas(void **state)
{
	MICA_AUTO(EVP_PKEY_freep) EVP_PKEY *own = world_throw_away(ALG_EC_P256);
	MICA_AUTO(EVP_PKEY_freep) EVP_PKEY *other = world_throw_away(ALG_EC_P384);
	BUF_AUTO issuer = BUF_INIT, own_spki = BUF_INIT, other_spki = BUF_INIT;
	static const struct {
		const char *subject, *basic;
		enum { OWN, OTHER, NEITHER } key;
		const char *issue, *init, *cross; /* why each refuses it; NULL: it does not */
	} cases[] = {
		{ "mica test", "critical,CA:TRUE", OWN, "which only init may make", NULL,
		    "for another key than the one that was named" },
		{ "mica test", "critical,CA:TRUE,pathlen:0", OWN, "which only init may make",
		    NULL, "for another key than the one that was named" },
		{ "new CA", "critical,CA:TRUE", OWN, "which only init may make",
		    "for another subject than this CA",
		    "for another key than the one that was named" },
		{ "mica test", "critical,CA:TRUE", OTHER, "which only init may make",
		    "for another key than the CA key", "without path length 0" },
		{ "new CA", "critical,CA:TRUE,pathlen:0", OTHER, "which only init may make",
		    "for another subject than this CA", NULL },
		{ "new CA", "critical,CA:TRUE,pathlen:1", OTHER, "which only init may make",
		    "for another subject than this CA", "without path length 0" },
		{ "new CA", "critical,CA:TRUE,pathlen:0", NEITHER, "which only init may make",
		    "for another subject than this CA",
		    "for another key than the one that was named" },
		{ "leaf", "critical,CA:FALSE", NEITHER, NULL, NULL, NULL },
	};

	(void)state;
	world_issuer("mica test", &issuer);
	world_spki(own, &own_spki);
	world_spki(other, &other_spki);
	for (size_t i = 0; i < mem_count(cases); i++) {
		const struct buf *keys[] = { &own_spki, &other_spki, NULL };
		const struct world_certificate what = { 7, cases[i].subject, cases[i].basic,
			keys[cases[i].key] };
		const char *why[] = { cases[i].issue, cases[i].init, cases[i].cross };
		BUF_AUTO der = BUF_INIT;

		world_tbs(ALG_EC_P256, &what, &der);
		for (enum token_use use = TOKEN_USE_ISSUE; use <= TOKEN_USE_CROSS; use++) {
			const struct tbs_rule rule = { use, ALG_EC_P256, issuer.data,
				issuer.len, own_spki.data, own_spki.len, other_spki.data,
				other_spki.len };
			const struct tbs_rule keyless = { use, ALG_EC_P256, issuer.data,
				issuer.len, NULL, 0, NULL, 0 };
			struct err err = ERR_INIT;

			if (why[use])
				refused(&der, &rule, why[use]);
			else
				must(tbs_judge(der.data, der.len, &rule, &err), &err);
			if (cases[i].key != NEITHER) /* without the keys no CA is let through */
				refused(&der, &keyless, "is a CA certificate");
		}
	}
}

/* A cross-certificate of another issuer is none of this CA's. */
static void test_cross_by_another(void **state)
{
	MICA_AUTO(EVP_PKEY_freep) EVP_PKEY *other = world_throw_away(ALG_EC_P256);
	BUF_AUTO issuer = BUF_INIT, spki = BUF_INIT, der = BUF_INIT;
	struct tbs_rule rule = { .use = TOKEN_USE_CROSS, .algorithm = ALG_EC_P256 };

	(void)state;
	world_spki(other, &spki);
	world_issuer("somebody else", &issuer);
	rule.issuer = issuer.data;
	rule.issuer_len = issuer.len;
	rule.certified = spki.data;
	rule.certified_len = spki.len;
	world_tbs(ALG_EC_P256,
	    &(struct world_certificate){ 7, "new CA", "critical,CA:TRUE,pathlen:0", &spki },
	    &der);
	refused(&der, &rule, "names another issuer than this CA");
}

/* --- the CA's own request --------------------------------------------------------------- */

enum asked { ASKED_NOTHING, ASKED_CA, ASKED_A_PASSWORD_TOO };

/* A CertificationRequestInfo */
static void request_info(const char *subject, EVP_PKEY *pkey, enum asked asked, struct buf *ret)
{
	X509_REQ *request = X509_REQ_new();
	X509_NAME *name = world_name(subject);
	STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
	unsigned char *der = NULL;
	int len;

	X509_REQ_set_version(request, X509_REQ_VERSION_1);
	X509_REQ_set_subject_name(request, name);
	X509_REQ_set_pubkey(request, pkey);
	if (asked != ASKED_NOTHING) {
		sk_X509_EXTENSION_push(
		    list, X509V3_EXT_conf_nid(
		              NULL, NULL, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
		X509_REQ_add_extensions(request, list);
	}
	if (asked == ASKED_A_PASSWORD_TOO)
		X509_REQ_add1_attr_by_NID(request, NID_pkcs9_challengePassword, MBSTRING_ASC,
		    (const unsigned char *)"secret", -1);
	len = i2d_re_X509_REQ_tbs(request, &der);
	assert_true(len > 0);
	buf_clear(ret);
	buf_add(ret, der, (size_t)len);
	OPENSSL_free(der);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	X509_NAME_free(name);
	X509_REQ_free(request);
}

static void test_requests(void **state)
{
	MICA_AUTO(EVP_PKEY_freep) EVP_PKEY *own = world_throw_away(ALG_EC_P256);
	MICA_AUTO(EVP_PKEY_freep) EVP_PKEY *other = world_throw_away(ALG_EC_P256);
	BUF_AUTO issuer = BUF_INIT;
	BUF_AUTO der = BUF_INIT;
	unsigned char *spki = NULL;
	int spki_len = i2d_PUBKEY(own, &spki);
	struct tbs_rule rule = { TOKEN_USE_INIT, ALG_EC_P256, NULL, 0, spki, (size_t)spki_len,
		NULL, 0 };
	struct tbs_rule keyless = rule;
	struct err err = ERR_INIT;
	struct tbs tbs;

	(void)state;
	world_issuer("mica test", &issuer);
	rule.issuer = keyless.issuer = issuer.data;
	rule.issuer_len = keyless.issuer_len = issuer.len;
	keyless.spki = NULL;
	keyless.spki_len = 0;
	request_info("mica test", own, ASKED_NOTHING, &der);
	must(tbs_judge(der.data, der.len, &rule, &err), &err);
	request_info("mica test", own, ASKED_CA, &der);
	must(tbs_parse(der.data, der.len, &tbs, &err), &err);
	assert_int_equal(tbs.kind, TBS_REQUEST);
	must(tbs_judge(der.data, der.len, &rule, &err), &err);
	refused(&der, &keyless, "for another key than the CA key");
	rule.use = TOKEN_USE_ISSUE;
	refused(&der, &rule, "which only init may make");
	rule.use = TOKEN_USE_CROSS;
	refused(&der, &rule, "which only init may make");
	rule.use = TOKEN_USE_INIT;
	for (size_t len = 0; len < der.len; len++)
		assert_int_equal(tbs_parse(der.data, len, &tbs, &err), -1);
	buf_add(&der, "", 1);
	assert_int_equal(tbs_parse(der.data, der.len, &tbs, &err), -1);
	request_info("mica test", other, ASKED_CA, &der);
	refused(&der, &rule, "for another key than the CA key");
	request_info("somebody else", own, ASKED_CA, &der);
	refused(&der, &rule, "for another subject than this CA");
	request_info("mica test", own, ASKED_A_PASSWORD_TOO, &der);
	refused(&der, &rule, "neither a TBSCertificate nor a TBSCertList");
	OPENSSL_free(spki);
}

struct fragment {
	const char *what;
	const char *hex;
};

static void add_hex(struct buf *to, const char *hex)
{
	for (; *hex; hex += 2) {
		char pair[3] = { hex[0], hex[1], '\0' };
		unsigned char byte = (unsigned char)strtoul(pair, NULL, 16);

		buf_add(to, &byte, 1);
	}
}

static void wrap(struct buf *content, unsigned char tag)
{
	BUF_AUTO whole = BUF_INIT;
	unsigned char head[] = { tag, (unsigned char)content->len };

	assert_true(content->len < 128);
	buf_add(&whole, head, sizeof(head));
	buf_add(&whole, content->data, content->len);
	buf_move(content, &whole);
}

static int parse_with(
    const char *serial, const char *extensions, struct tbs *ret, struct err *err)
{
	BUF_AUTO body = BUF_INIT;
	BUF_AUTO list = BUF_INIT;

	/* version, serial, ecdsa-with-SHA256, empty names, two times, a key of nothing */
	add_hex(&body, "a003020102");
	add_hex(&body, serial);
	add_hex(&body, "300a06082a8648ce3d040302"
	               "3000"
	               "3004"
	               "1700"
	               "1700"
	               "3000"
	               "3004"
	               "3000"
	               "0300");
	if (extensions) {
		add_hex(&list, extensions);
		wrap(&list, 0x30);
		wrap(&list, 0xa3);
		buf_add(&body, list.data, list.len);
	}
	wrap(&body, 0x30);
	return tbs_parse(body.data, body.len, ret, err);
}

static void test_forms(void **state)
{
	static const struct fragment good[] = {
		{ "no extensions", NULL },
		{ "basicConstraints, empty", "30090603551d1304023000" },
		{ "keyUsage digitalSignature", "300b0603551d0f040403020780" },
	};
	static const struct fragment ca[] = {
		{ "cA", "300c0603551d13040530030101ff" },
		{ "critical cA", "300f0603551d130101ff040530030101ff" },
		{ "cA and pathlen", "300f0603551d13040830060101ff020100" },
		{ "keyCertSign", "300b0603551d0f040403020204" },
		{ "cRLSign", "300b0603551d0f040403020102" },
		{ "keyCertSign among others", "300b0603551d0f0404030202a6" },
	};
	static const struct fragment bad[] = {
		{ "two basicConstraints", "30090603551d1304023000"
		                          "300c0603551d13040530030101ff" },
		{ "two keyUsages", "300b0603551d0f040403020780"
		                   "300b0603551d0f040403020204" },
		{ "cA not DER TRUE", "300c0603551d1304053003010101" },
		{ "cA FALSE written", "300c0603551d1304053003010100" },
		{ "critical FALSE written", "300c0603551d1301010004023000" },
		{ "bytes behind cA", "300e0603551d130407300501"
		                     "01ff0500" },
		{ "bytes behind the extension", "300b0603551d13040230000500" },
		{ "empty keyUsage", "30090603551d0f04020300" },
		{ "a long length", "308109"
		                   "0603551d1304023000" },
		{ "indefinite length", "30800603551d13040230000000" },
		{ "no extension value", "30050603551d13" },
	};
	static const char *const bad_serials[] = { "0200", "020100", "0201ff", "02020001",
		"0300", "021501010101010101010101010101010101010101010101" };
	struct err err = ERR_INIT;
	struct tbs tbs;

	(void)state;
	for (size_t i = 0; i < mem_count(good); i++) {
		must(parse_with("020101", good[i].hex, &tbs, &err), &err);
		assert_int_equal(tbs.kind, TBS_LEAF);
	}
	for (size_t i = 0; i < mem_count(ca); i++) {
		must(parse_with("020101", ca[i].hex, &tbs, &err), &err);
		if (tbs.kind != TBS_CA)
			fail_msg("%s is not seen to be a CA", ca[i].what);
	}
	for (size_t i = 0; i < mem_count(bad); i++) {
		if (parse_with("020101", bad[i].hex, &tbs, &err) == 0)
			fail_msg("%s is taken", bad[i].what);
	}
	for (size_t i = 0; i < mem_count(bad_serials); i++) {
		if (parse_with(bad_serials[i], NULL, &tbs, &err) == 0)
			fail_msg("serial %s is taken", bad_serials[i]);
	}
	must(parse_with("02020080", NULL, &tbs, &err), &err);
}

/* --- CKR_ values --------------------------------------------------------------- */

static void test_ckr(void **state)
{
	static const struct {
		unsigned long value;
		enum err_kind kind;
	} kinds[] = { { 0x05, ERR_LOST }, { 0x30, ERR_LOST }, { 0x32, ERR_LOST },
		{ 0xe0, ERR_LOST }, { 0xb0, ERR_LOST }, { 0xb3, ERR_LOST }, { 0x190, ERR_LOST },
		{ 0x90, ERR_LOST }, { 0x60, ERR_LOST }, { 0x82, ERR_LOST }, { 0x101, ERR_LOST },
		{ 0xa0, ERR_PIN }, { 0xa1, ERR_PIN }, { 0xa2, ERR_PIN }, { 0xa3, ERR_PIN },
		{ 0xa4, ERR_PIN }, { 0x70, ERR_FAILED }, { 0x31, ERR_FAILED } };
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < mem_count(kinds); i++) {
		const struct ckr *row = ckr_find(kinds[i].value);

		assert_non_null(row);
		assert_int_equal(row->kind, kinds[i].kind);
	}
	assert_null(ckr_find(0));
	assert_null(ckr_find(0x7777));
	/* a table that is not sorted would lose rows */
	for (unsigned long value = 0; value < 0x300; value++) {
		const struct ckr *row = ckr_find(value);

		if (!row)
			continue;
		assert_int_equal(row->value, value);
		assert_true(row->meaning[0] != '\0' && row->hint[0] != '\0');
	}
	ckr_fail(&err, 0xa0, "C_Login", "cannot log in to token \"%s\" (serial %s)",
	    "milvus-ca", "1a2b");
	assert_string_equal(err.text, "cannot log in to token \"milvus-ca\" (serial 1a2b): "
	                              "C_Login said CKR_PIN_INCORRECT: the PIN is wrong");
	assert_string_equal(err.hint, "mica will not try it again by itself: check the PIN");
	ckr_fail(&err, 0x80000001, "C_Sign", "cannot sign");
	assert_non_null(strstr(err.text, "C_Sign said CKR_VENDOR_DEFINED + 0x1"));
	ckr_fail(&err, 0x7777, "C_Sign", "cannot sign");
	assert_string_equal(err.text,
	    "cannot sign: C_Sign said 0x7777: an error that the standard does not know");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_reply),
		cmocka_unit_test(test_socket),
		cmocka_unit_test(test_two_descriptors),
		cmocka_unit_test(test_sealed),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_cas),
		cmocka_unit_test(test_cross_by_another),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_ckr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
