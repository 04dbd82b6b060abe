// SPDX-License-Identifier: Apache-2.0
#include "pem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

enum { LINE_BYTES = 48, LINE_CHARS = 64 };

void pem_write(const char *label, const struct buf *der, struct buf *ret)
{
	buf_reserve(ret, der->len / LINE_BYTES * (LINE_CHARS + 1) + LINE_CHARS + 128);
	buf_printf(ret, "-----BEGIN %s-----\n", label);
	for (size_t at = 0; at < der->len; at += LINE_BYTES) {
		size_t left = der->len - at;
		int take = left < LINE_BYTES ? (int)left : LINE_BYTES;

		buf_reserve(ret, LINE_CHARS + 1);
		ret->len += (size_t)EVP_EncodeBlock(ret->data + ret->len, der->data + at, take);
		buf_add(ret, "\n", 1);
	}
	buf_printf(ret, "-----END %s-----\n", label);
}

void pem_reader_init(struct pem_reader *reader, const char *file, const struct buf *bytes)
{
	reader->file = file;
	reader->bio = BIO_new_mem_buf(buf_text(bytes), (int)bytes->len);
}

void pem_reader_clear(struct pem_reader *reader)
{
	BIO_free(reader->bio);
	reader->bio = NULL;
}

/* The end of the file is an error to PEM_read_bio(), told from others by its reason. */
static bool at_end(void)
{
	unsigned long code = ERR_peek_last_error();

	return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

int pem_next(struct pem_reader *reader, char **ret_label, struct buf *ret_der, struct err *err)
{
	char *label = NULL;
	char *header = NULL;
	unsigned char *data = NULL;
	long len = 0;
	int result = 1;

	ERR_clear_error();
	if (!reader->bio)
		return err_openssl(err, "cannot read '%s'", reader->file);
	if (PEM_read_bio(reader->bio, &label, &header, &data, &len) != 1) {
		if (!at_end())
			return err_openssl(
			    err, "'%s' holds a malformed PEM block", reader->file);
		ERR_clear_error();
		return 0;
	}
	if (header[0] != '\0') {
		result =
		    err_set(err, ERR_FAILED, "'%s' holds an encrypted PEM block", reader->file);
	} else {
		*ret_label = mem_strdup(label);
		buf_add(ret_der, data, (size_t)len);
	}
	OPENSSL_free(label);
	OPENSSL_free(header);
	OPENSSL_clear_free(data, (size_t)len);
	return result;
}

static bool is_kind(const struct pem_kind *kind, const char *label)
{
	for (size_t i = 0; i < mem_count(kind->labels) && kind->labels[i]; i++) {
		if (strcmp(kind->labels[i], label) == 0)
			return true;
	}
	return false;
}

/* Nothing but white space may stand behind the block. */
static int check_rest(struct pem_reader *reader, const struct pem_kind *kind, struct err *err)
{
	char *rest = NULL;
	long len = BIO_get_mem_data(reader->bio, &rest);

	for (long i = 0; i < len; i++) {
		if (!isspace((unsigned char)rest[i]))
			return err_set(err, ERR_FAILED, "'%s' holds more than one %s",
			    reader->file, kind->noun);
	}
	return 0;
}

static int read_one(const char *file, const struct buf *bytes, const struct pem_kind *kind,
    struct buf *ret_der, struct err *err)
{
	PEM_READER_AUTO reader;
	MICA_FREE char *label = NULL;
	int found;

	pem_reader_init(&reader, file, bytes);
	found = pem_next(&reader, &label, ret_der, err);
	if (found < 0)
		return -1;
	if (found == 0)
		return err_set(err, ERR_FAILED, "'%s' holds no %s", file, kind->noun);
	if (!is_kind(kind, label))
		return err_set(err, ERR_FAILED, "'%s' holds a PEM block '%s', not a %s", file,
		    label, kind->noun);
	return check_rest(&reader, kind, err);
}

int pem_or_der(const char *file, const struct buf *bytes, const struct pem_kind *kind,
    struct buf *ret_der, struct err *err)
{
	BUF_AUTO der = BUF_INIT;

	if (memmem(buf_text(bytes), bytes->len, "-----BEGIN", strlen("-----BEGIN"))) {
		if (read_one(file, bytes, kind, &der, err) < 0)
			return -1;
	} else {
		buf_add(&der, bytes->data, bytes->len);
	}
	if (der.len == 0)
		return err_set(err, ERR_FAILED, "'%s' is empty", file);
	buf_move(ret_der, &der);
	return 0;
}
