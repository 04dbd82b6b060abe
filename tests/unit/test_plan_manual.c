// SPDX-License-Identifier: Apache-2.0
/* mica.yaml(5) lists the keys of the program, in its order, each with its summary. */
#include <ctype.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mica/buf.h>
#include <mica/file.h>
#include <mica/inventory.h>
#include <mica/mem.h>

static void keys_are_the_programs(void **state)
{
	static const char item[] = "\n.It Ic ";
	BUF_AUTO manual = BUF_INIT;
	BUF_AUTO listed = BUF_INIT;
	BUF_AUTO known = BUF_INIT;
	struct err err = ERR_INIT;
	const char *summary, *key, *at, *end;

	(void)state;
	if (file_read(AT_FDCWD, TEST_SOURCE_DIR "/../../docs/man/mica.yaml.5", FILE_MAX_TEXT,
	        &manual, &err) < 0)
		fail_msg("%s", err.text);
	at = strstr(buf_text(&manual), "\n.Sh KEYS\n");
	assert_non_null(at);
	end = strstr(at, "\n.El\n");
	assert_non_null(end);
	for (at = strstr(at, item); at && at < end; at = strstr(at, item)) {
		at += strlen(item);
		buf_add(&listed, at, strcspn(at, "\n"));
		at += strcspn(at, "\n") + 1;
		buf_addstr(&listed, ": ");
		buf_add(&listed, at, strcspn(at, "\n") + 1);
		at--;
	}
	for (size_t i = 0; (key = inventory_key(i, &summary)) != NULL; i++)
		buf_printf(&known, "%s: %c%s.\n", key, toupper((unsigned char)summary[0]),
		    summary + 1);
	assert_true(known.len > 1000);
	assert_string_equal(buf_text(&listed), buf_text(&known));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(keys_are_the_programs) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
