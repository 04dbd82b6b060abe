// SPDX-License-Identifier: Apache-2.0
/*
 * secret.yaml: the server's files as Kubernetes takes them.
 *
 * A Secret is immutable and has the name of its generation. So the pods that run keep the files
 * they began with until they are replaced, and a new generation changes what names it, which
 * is what makes Kubernetes replace them: of a Secret that changes under its name no pod takes
 * notice before its next start.
 */
#include "render.h"

#include <string.h>

#include <mica/digest.h>
#include <mica/mem.h>

static void shorten(const struct buf *bytes, char ret[static 11])
{
	const struct digest digest = digest_of(bytes->data, bytes->len);
	BUF_AUTO hex = BUF_INIT;

	buf_addhex(&hex, digest.bytes, 5);
	memcpy(ret, buf_text(&hex), 11);
}

/* Not of the key: a certificate has one key, and a name tells nothing of it. */
void secret_generation(const struct milvus_given *given, char ret[static 11])
{
	BUF_AUTO both = BUF_INIT;

	buf_add(&both, given->certificate->data, given->certificate->len);
	buf_add(&both, given->ca->data, given->ca->len);
	shorten(&both, ret);
}

void text_generation(const struct buf *text, char ret[static 11])
{
	shorten(text, ret);
}

void render_secret_name(const struct site *site, struct buf *ret)
{
	buf_printf(ret, "%s-tls-%s", site->deployment->name, site->generation);
}

static void add_value(struct buf *ret, const char *before, const char *value)
{
	buf_addstr(ret, before);
	doc_quote(ret, value);
	buf_addstr(ret, "\n");
}

static void add_labels(const struct site *site, struct buf *ret)
{
	const struct inv_kubernetes *kubernetes = &site->deployment->kubernetes;

	buf_addstr(ret, "  labels:\n    app.kubernetes.io/managed-by: \"mica\"\n");
	add_value(ret, "    app.kubernetes.io/instance: ", kubernetes->release);
	add_value(ret, "    mica-deployment: ", site->deployment->name);
	add_value(ret, "    mica-generation: ", site->generation);
	for (size_t i = 0; i < kubernetes->n_labels; i++) {
		buf_addstr(ret, "    ");
		doc_quote(ret, kubernetes->labels[i].key);
		add_value(ret, ": ", kubernetes->labels[i].value);
	}
}

static void add_file(
    const struct site *site, const char *name, const struct buf *bytes, struct buf *ret)
{
	if (site->deployment->kubernetes.form == SECRET_STRING_DATA) {
		buf_printf(ret, "  %s: |\n", name);
		render_indented("    ", bytes, ret);
		return;
	}
	buf_printf(ret, "  %s: \"", name);
	buf_addbase64(ret, bytes->data, bytes->len);
	buf_addstr(ret, "\"\n");
}

void render_secret(const struct site *site, struct buf *ret)
{
	const struct inv_kubernetes *kubernetes = &site->deployment->kubernetes;
	BUF_AUTO name = BUF_INIT;

	render_header(site, ret);
	buf_addstr(ret,
	    "# The server's private key is in it: keep it as you keep tls/server.key.\n"
	    "apiVersion: \"v1\"\nkind: \"Secret\"\nmetadata:\n");
	render_secret_name(site, &name);
	add_value(ret, "  name: ", buf_text(&name));
	add_value(ret, "  namespace: ", kubernetes->namespace);
	add_labels(site, ret);
	buf_printf(ret, "type: \"Opaque\"\nimmutable: true\n%s:\n",
	    kubernetes->form == SECRET_STRING_DATA ? "stringData" : "data");
	add_file(site, "ca.pem", site->given->ca, ret);
	add_file(site, "server.key", site->given->key, ret);
	add_file(site, "server.pem", site->given->certificate, ret);
}
