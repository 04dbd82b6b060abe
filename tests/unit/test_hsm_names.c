// SPDX-License-Identifier: Apache-2.0
/* What needs no token: URIs and the table of modules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mica/mem.h>
#include <mica/token.h>

static void test_good_uris(void **state)
{
	static const char *const good[] = {
		"pkcs11:token=milvus-ca;object=ca",
		"pkcs11:object=ca;token=milvus-ca",
		"pkcs11:token=milvus-ca;id=%01",
		"pkcs11:token=a%20b;object=c%3Bd;id=%de%ad%be%ef",
		"pkcs11:serial=1a2b;object=ca;type=private",
		"pkcs11:manufacturer=SoftHSM%20project;model=SoftHSM%20v2;object=ca",
		"pkcs11:slot-id=7;object=ca",
		"pkcs11:token=YubiKey%20PIV%20%231234;id=%02",
	};

	(void)state;
	for (size_t i = 0; i < mem_count(good); i++) {
		struct err err = ERR_INIT;

		if (token_uri_check(good[i], &err) < 0)
			fail_msg("%s: %s", good[i], err.text);
	}
}

static void test_bad_uris(void **state)
{
	static const struct {
		const char *uri;
		const char *text;
	} bad[] = {
		{ "", "the key's URI does not begin with 'pkcs11:'" },
		{ "pkcs11", "the key's URI does not begin with 'pkcs11:'" },
		{ "PKCS11:token=a;object=b", "the key's URI does not begin with 'pkcs11:'" },
		{ "file:ca.key", "the key's URI does not begin with 'pkcs11:'" },
		{ "pkcs11:", "the key's URI 'pkcs11:' names nothing" },
		{ "pkcs11:;", "the key's URI has an empty part" },
		{ "pkcs11:token=a;;object=b", "the key's URI has an empty part" },
		{ "pkcs11:token=a;object=b;", "the key's URI has an empty part" },
		{ "pkcs11:token=a", "the key's URI does not name a key" },
		{ "pkcs11:object=b", "the key's URI does not name a token" },
		{ "pkcs11:type=private", "the key's URI does not name a token" },
		{ "pkcs11:token=;object=b", "the key's URI has nothing behind 'token'" },
		{ "pkcs11:token;object=b", "the key's URI has nothing behind 'token'" },
		{ "pkcs11:token=a;token=b;object=c", "the key's URI has 'token' twice" },
		{ "pkcs11:token=a;object=b;object=b", "the key's URI has 'object' twice" },
		{ "pkcs11:token=a;object=b?pin-value=1234",
		    "the key's URI must not have a 'pin-value'" },
		{ "pkcs11:token=a;object=b?pin-source=file:x",
		    "the key's URI must not have a 'pin-source'" },
		{ "pkcs11:token=a;object=b;pin-value=1234",
		    "the key's URI must not have a 'pin-value'" },
		{ "pkcs11:token=a;object=b?module-path=/x.so",
		    "the key's URI must not have a 'module-path'" },
		{ "pkcs11:token=a;object=b?module-name=x",
		    "the key's URI must not have a 'module-name'" },
		{ "pkcs11:token=a;object=b?", "the key's URI has nothing behind its '?'" },
		{ "pkcs11:token=a;object=b;colour=red",
		    "the key's URI has 'colour', which does not name a key on a token" },
		{ "pkcs11:token=a;object=b;x-mine=1",
		    "the key's URI has 'x-mine', which does not name a key on a token" },
		{ "pkcs11:token=a;object=b;library-version=1",
		    "the key's URI has 'library-version', which does not name a key on a "
		    "token" },
		{ "pkcs11:token=a;object=b;type=public",
		    "the key's URI has a type other than 'private'" },
		{ "pkcs11:token=a;object=b;type=cert",
		    "the key's URI has a type other than 'private'" },
		{ "pkcs11:token=a b;object=c",
		    "the key's URI has a blank, a control or a non-ASCII character" },
		{ "pkcs11:token=a;object=b\n",
		    "the key's URI has a blank, a control or a non-ASCII character" },
		{ "pkcs11:token=\xc3\xa4;object=b",
		    "the key's URI has a blank, a control or a non-ASCII character" },
		{ "pkcs11:token=a;object=%00", "the key's URI has a NUL in its 'object'" },
		{ "pkcs11:token=a;object=%4", "the key's URI is not a valid PKCS#11 URI: " },
		{ "pkcs11:token=a;id=%zz", "the key's URI is not a valid PKCS#11 URI: " },
		{ "pkcs11:token=a;object=b;type=door",
		    "the key's URI has an attribute that is not known" },
		{ "pkcs11:token=a;object=b;slot-id=x",
		    "the key's URI is not a valid PKCS#11 URI: " },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(bad); i++) {
		struct err err = ERR_INIT;

		if (token_uri_check(bad[i].uri, &err) == 0)
			fail_msg("taken: %s", bad[i].uri);
		assert_int_equal(err.kind, ERR_REFUSED);
		if (strncmp(err.text, bad[i].text, strlen(bad[i].text)) != 0)
			fail_msg("%s: %s", bad[i].uri, err.text);
		/* a PIN that somebody put there is not repeated */
		assert_null(strstr(err.text, "1234"));
		assert_null(strstr(err.hint, "1234"));
	}
}

static void test_modules(void **state)
{
	MICA_FREE char *path = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(token_module_path("softhsm2", &path, &err), 0);
	assert_int_equal(path[0], '/');
	mem_freep(&path);
	path = NULL;
	assert_int_equal(token_module_path("/bin/sh", &path, &err), 0);
	assert_string_equal(path, "/bin/sh");
	mem_freep(&path);
	path = NULL;
	assert_int_equal(token_module_path("/nonexistent/module.so", &path, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_string_equal(err.text,
	    "the module '/nonexistent/module.so' cannot be read: No such file or directory");
	assert_int_equal(token_module_path("sofhsm2", &path, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_string_equal(err.text, "'sofhsm2' is no module that mica knows");
	assert_non_null(strstr(err.hint,
	    "it knows softhsm2, tpm2, ykcs11, opensc, opencryptoki, nss, p11-kit-client"));
	/* known, but on nobody's machine beside this test */
	assert_int_equal(token_module_path("cloudhsm", &path, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_string_equal(err.text, "the module 'cloudhsm' is not on this machine");
	assert_non_null(
	    strstr(err.hint, "looked for /opt/cloudhsm/lib/libcloudhsm_pkcs11.so; install "));
	assert_null(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_uris),
		cmocka_unit_test(test_bad_uris),
		cmocka_unit_test(test_modules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
