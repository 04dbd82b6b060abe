// SPDX-License-Identifier: Apache-2.0
#include <mica/proof.h>
#include <mica/token.h>

#include <string.h>
#include <unistd.h>

#include <mica/mem.h>

/* %s: the multiarch directory, as Debian has it. The first that is there is taken. */
static const struct module {
	const char *name;
	const char *paths[6];
	const char *package;
} modules[] = {
	{ "softhsm2",
	    { "/usr/lib/%s/softhsm/libsofthsm2.so", "/usr/lib/softhsm/libsofthsm2.so",
	        "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so" },
	    "softhsm2" },
	{ "tpm2",
	    { "/usr/lib/%s/pkcs11/libtpm2_pkcs11.so", "/usr/lib/%s/libtpm2_pkcs11.so.1",
	        "/usr/lib64/pkcs11/libtpm2_pkcs11.so" },
	    "libtpm2-pkcs11-1" },
	{ "ykcs11",
	    { "/usr/lib/%s/libykcs11.so.2", "/usr/lib/%s/libykcs11.so",
	        "/usr/lib64/libykcs11.so.2" },
	    "ykcs11" },
	{ "opensc",
	    { "/usr/lib/%s/opensc-pkcs11.so", "/usr/lib/%s/pkcs11/opensc-pkcs11.so",
	        "/usr/lib64/pkcs11/opensc-pkcs11.so" },
	    "opensc-pkcs11" },
	{ "opencryptoki",
	    { "/usr/lib/%s/opencryptoki/libopencryptoki.so",
	        "/usr/lib/opencryptoki/libopencryptoki.so",
	        "/usr/lib64/opencryptoki/libopencryptoki.so",
	        "/usr/lib/%s/pkcs11/PKCS11_API.so" },
	    "libopencryptoki0" },
	{ "nss",
	    { "/usr/lib/%s/libsoftokn3.so", "/usr/lib/%s/nss/libsoftokn3.so",
	        "/usr/lib64/libsoftokn3.so" },
	    "libnss3" },
	{ "p11-kit-client",
	    { "/usr/lib/%s/pkcs11/p11-kit-client.so", "/usr/lib64/pkcs11/p11-kit-client.so" },
	    "p11-kit-modules" },
	{ "p11-kit-proxy", { "/usr/lib/%s/p11-kit-proxy.so", "/usr/lib64/p11-kit-proxy.so" },
	    "libp11-kit0" },
	{ "cloudhsm", { "/opt/cloudhsm/lib/libcloudhsm_pkcs11.so" }, "cloudhsm-pkcs11" },
	{ "luna", { "/usr/safenet/lunaclient/lib/libCryptoki2_64.so" }, "the Luna client" },
	{ "nshield", { "/opt/nfast/toolkits/pkcs11/libcknfast.so" }, "the nShield software" },
	{ "yubihsm",
	    { "/usr/lib/%s/pkcs11/yubihsm_pkcs11.so", "/usr/lib/%s/yubihsm_pkcs11.so" },
	    "yubihsm-pkcs11" },
};

static char *candidate(const char *pattern)
{
	const char *mark = strstr(pattern, "%s");

	if (!mark)
		return mem_strdup(pattern);
	return mem_printf("%.*s%s%s", (int)(mark - pattern), pattern, MICA_MULTIARCH, mark + 2);
}

static int not_there(const char *name, const char *package, const char *looked, struct err *err)
{
	err_set(err, ERR_NOT_FOUND, "the module '%s' is not on this machine", name);
	return err_hint(
	    err, "looked for %s; install %s, or give the module's path", looked, package);
}

static int not_known(const char *name, struct err *err)
{
	BUF_AUTO known = BUF_INIT;

	for (size_t i = 0; i < mem_count(modules); i++)
		buf_printf(&known, "%s%s", i > 0 ? ", " : "", modules[i].name);
	err_set(err, ERR_NOT_FOUND, "'%s' is no module that mica knows", name);
	return err_hint(
	    err, "it knows %s; for any other give the module's path", buf_text(&known));
}

static int find_known(const struct module *module, char **ret, struct err *err)
{
	BUF_AUTO looked = BUF_INIT;

	for (size_t i = 0; i < mem_count(module->paths) && module->paths[i]; i++) {
		MICA_FREE char *path = candidate(module->paths[i]);

		if (access(path, R_OK) == 0) {
			*ret = mem_give(path);
			return 0;
		}
		buf_printf(&looked, "%s%s", looked.len > 0 ? ", " : "", path);
	}
	return not_there(module->name, module->package, buf_text(&looked), err);
}

int token_module_path(const char *name, char **ret, struct err *err)
{
	if (strchr(name, '/')) {
		if (access(name, R_OK) != 0)
			return err_set(
			    err, ERR_NOT_FOUND, "the module '%s' cannot be read: %m", name);
		*ret = mem_strdup(name);
		return 0;
	}
	for (size_t i = 0; i < mem_count(modules); i++) {
		if (strcmp(modules[i].name, name) == 0)
			return find_known(&modules[i], ret, err);
	}
	return not_known(name, err);
}

/* --- software tokens ------------------------------------------------------------ */

/* What tokens without a device call themselves: by the token's words where those are theirs
 * alone, since a server or a proxy in front shows them as they are, and by the library's. Each
 * text is the beginning of what is said; NULL: anything. */
static const struct software {
	const char *name;
	const char *manufacturer, *model, *library;
} software[] = {
	{ "SoftHSM", "SoftHSM", NULL, NULL },
	{ "SoftHSM", NULL, "SoftHSM", NULL },
	{ "SoftHSM", NULL, NULL, "SoftHSM" },
	{ "NSS", "Mozilla", NULL, NULL },
	{ "NSS", NULL, "NSS", NULL },
	{ "NSS", NULL, NULL, "Mozilla" },
	{ "opencryptoki's software token", "IBM", "IBM SoftTok", NULL },
	{ "opencryptoki's software token", "IBM", "Soft", NULL },
	{ "opencryptoki's clear-key token", "IBM", "IBM ICA", NULL },
	{ "opencryptoki's clear-key token", "IBM", "ICA", NULL },
	{ "p11-kit", "PKCS#11 Kit", NULL, NULL },
	{ "GNOME Keyring", "Gnome Keyring", NULL, NULL },
	{ "Kryoptic", "Kryoptic", NULL, NULL },
	{ "Kryoptic", NULL, NULL, "Kryoptic" },
};

static bool begins(const char *text, const char *with)
{
	return !with || strncasecmp(text, with, strlen(with)) == 0;
}

const char *token_software(const struct token_identity *identity)
{
	for (size_t i = 0; i < mem_count(software); i++) {
		const struct software *row = &software[i];

		if (begins(identity->manufacturer, row->manufacturer) &&
		    begins(identity->model, row->model) &&
		    begins(identity->library_manufacturer, row->library))
			return row->name;
	}
	return NULL;
}
