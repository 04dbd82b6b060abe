// SPDX-License-Identifier: Apache-2.0
#include "helper.h"

#include <dlfcn.h>
#include <string.h>
#include <time.h>

#include <mica/mem.h>

#include "../wire/ckr.h"

void hsm_step(struct hsm *hsm, enum wire_step step)
{
	atomic_store_explicit(&hsm->page->steps[0], step, memory_order_relaxed);
}

void hsm_signing_step(struct hsm *hsm, const struct hsm_signing *signing, enum wire_step step)
{
	atomic_store_explicit(&hsm->page->steps[signing->place], step, memory_order_relaxed);
}

bool hsm_pause(size_t attempt)
{
	static const long pauses_ms[] = { 10, 20, 40, 80 };
	struct timespec pause = { 0, 0 };

	if (attempt >= mem_count(pauses_ms))
		return false;
	pause.tv_nsec = pauses_ms[attempt] * 1000000;
	nanosleep(&pause, NULL);
	return true;
}

/* --- loading ------------------------------------------------------------------- */

static int get_functions(struct hsm *hsm, CK_FUNCTION_LIST **ret, struct err *err)
{
	CK_RV (*get_list)(CK_FUNCTION_LIST **) = NULL;
	void *symbol = dlsym(hsm->library, "C_GetFunctionList");
	CK_RV rv;

	if (!symbol)
		return err_set(err, ERR_FAILED,
		    "'%s' is no PKCS#11 module: it has no C_GetFunctionList", hsm->path);
	memcpy(&get_list, &symbol, sizeof(get_list));
	hsm_step(hsm, STEP_FUNCTIONS);
	rv = get_list(ret);
	if (rv != CKR_OK)
		return ckr_fail(
		    err, rv, "C_GetFunctionList", "cannot use the module '%s'", hsm->path);
	return 0;
}

/* Loaded here first: libp11 would print dlerror() and keep the reason to itself. */
static int load_library(struct hsm *hsm, const char *path, struct err *err)
{
	CK_FUNCTION_LIST *second = NULL;

	hsm_step(hsm, STEP_LOAD);
	hsm->library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	if (!hsm->library) {
		err_set(err, ERR_FAILED, "cannot load the module '%s': %s", path, dlerror());
		return err_hint(err, "a module is a shared library of the token's vendor for "
		                     "this machine's architecture");
	}
	hsm->path = mem_strdup(path);
	if (get_functions(hsm, &hsm->ck, err) < 0 || get_functions(hsm, &second, err) < 0)
		return -1;
	hsm->apart = second != hsm->ck;
	return 0;
}

static int initialize(struct hsm *hsm, const char *args, struct err *err)
{
	CK_C_INITIALIZE_ARGS how = { .flags = CKF_OS_LOCKING_OK, .pReserved = (void *)args };
	CK_RV rv;

	hsm_step(hsm, STEP_INITIALIZE);
	rv = hsm->ck->C_Initialize(&how);
	if (rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED)
		return 0;
	return ckr_fail(err, rv, "C_Initialize", "cannot start the module '%s'", hsm->path);
}

/* The last CKR_ value in OpenSSL's queue, which is emptied; CKR_OK for none. */
static unsigned long queued_ckr(void)
{
	int library = ERR_get_CKR_code();
	unsigned long code, found = CKR_OK;

	while ((code = ERR_get_error()) != 0) {
		if (ERR_GET_LIB(code) == library)
			found = (unsigned long)ERR_GET_REASON(code);
	}
	return found;
}

/* libp11 tells neither the whole of a value nor which call it was, so the module itself is
 * asked. 0: it works now. */
static int ask_again(struct hsm *hsm, const char *args, struct err *err)
{
	CK_FUNCTION_LIST *functions;
	CK_INFO info;
	CK_RV rv;

	if (get_functions(hsm, &functions, err) < 0 || initialize(hsm, args, err) < 0)
		return -1;
	rv = hsm->ck->C_GetInfo(&info);
	(void)hsm->ck->C_Finalize(NULL);
	if (rv == CKR_OK)
		return 0;
	return ckr_fail(err, rv, "C_GetInfo", "cannot start the module '%s'", hsm->path);
}

static int start(struct hsm *hsm, const char *args, struct err *err)
{
	hsm->ctx = PKCS11_CTX_new();
	if (!hsm->ctx)
		return err_openssl(err, "cannot start libp11");
	if (args)
		PKCS11_CTX_init_args(hsm->ctx, args);
	hsm_step(hsm, STEP_START);
	if (PKCS11_CTX_load(hsm->ctx, hsm->path) == 0)
		return 0;
	/* its context is not worth freeing: nothing is loaded in it */
	hsm->ctx = NULL;
	return ckr_fail(err, queued_ckr(), wire_step_name(STEP_START),
	    "cannot start the module '%s'", hsm->path);
}

int hsm_open(struct hsm *hsm, const char *path, const char *args, struct err *err)
{
	if (hsm->library)
		return err_set(err, ERR_FAILED, "a module is loaded already");
	if (load_library(hsm, path, err) < 0)
		return -1;
	if (start(hsm, args, err) < 0 &&
	    (ask_again(hsm, args, err) < 0 || start(hsm, args, err) < 0)) {
		if (err->kind == ERR_LOST)
			err->kind = ERR_FAILED;
		return -1;
	}
	return hsm->apart ? initialize(hsm, args, err) : 0;
}

void hsm_close(struct hsm *hsm)
{
	hsm_forget_pin(hsm);
	if (hsm->ctx) {
		hsm_step(hsm, STEP_CLOSE);
		if (hsm->session != CK_INVALID_HANDLE)
			(void)hsm->ck->C_CloseAllSessions(hsm->slot_id);
		hsm_step(hsm, STEP_FINALIZE);
		if (hsm->apart)
			(void)hsm->ck->C_Finalize(NULL);
		PKCS11_CTX_unload(hsm->ctx);
		PKCS11_CTX_free(hsm->ctx);
	}
	buf_clear(&hsm->issuer);
	buf_clear(&hsm->certified);
	buf_clear(&hsm->spki);
	mem_freep(&hsm->name);
	mem_freep(&hsm->path);
}

/* --- tokens -------------------------------------------------------------------- */

char *hsm_padded(const unsigned char *text, size_t len)
{
	len = strnlen((const char *)text, len);
	while (len > 0 && text[len - 1] == ' ')
		len--;
	return mem_dup(text, len);
}

/* 0: the token does not say */
static unsigned pin_len(CK_ULONG len)
{
	if (len == CK_UNAVAILABLE_INFORMATION)
		return 0;
	return len < 0xffff ? (unsigned)len : 0xffff;
}

static void convert_info(const CK_TOKEN_INFO *from, struct token_info *ret)
{
	token_info_clear(ret);
	ret->label = hsm_padded(from->label, sizeof(from->label));
	ret->serial = hsm_padded(from->serialNumber, sizeof(from->serialNumber));
	ret->manufacturer = hsm_padded(from->manufacturerID, sizeof(from->manufacturerID));
	ret->model = hsm_padded(from->model, sizeof(from->model));
	ret->flags = from->flags;
	ret->min_pin = pin_len(from->ulMinPinLen);
	ret->max_pin = pin_len(from->ulMaxPinLen);
	ret->initialized = from->flags & CKF_TOKEN_INITIALIZED;
	ret->login_required = from->flags & CKF_LOGIN_REQUIRED;
	ret->pad = from->flags & CKF_PROTECTED_AUTHENTICATION_PATH;
	ret->count_low = from->flags & CKF_USER_PIN_COUNT_LOW;
	ret->final_try = from->flags & CKF_USER_PIN_FINAL_TRY;
	ret->locked = from->flags & CKF_USER_PIN_LOCKED;
}

CK_RV hsm_token_info(struct hsm *hsm, CK_SLOT_ID slot, struct token_info *ret)
{
	CK_TOKEN_INFO raw;
	CK_RV rv;

	hsm_step(hsm, STEP_TOKEN_INFO);
	rv = hsm->ck->C_GetTokenInfo(slot, &raw);
	for (size_t i = 0; rv == CKR_GENERAL_ERROR && hsm_pause(i); i++)
		rv = hsm->ck->C_GetTokenInfo(slot, &raw);
	if (rv == CKR_OK)
		convert_info(&raw, ret);
	return rv;
}

static int list_slots(struct hsm *hsm, CK_SLOT_ID **ret, CK_ULONG *ret_n, struct err *err)
{
	MICA_FREE CK_SLOT_ID *slots = NULL;
	CK_ULONG n = 0;
	CK_RV rv;

	do {
		rv = hsm->ck->C_GetSlotList(CK_TRUE, NULL, &n);
		if (rv != CKR_OK)
			break;
		mem_freep(&slots);
		slots = mem_array(n, sizeof(*slots));
		rv = hsm->ck->C_GetSlotList(CK_TRUE, slots, &n);
	} while (rv == CKR_BUFFER_TOO_SMALL);
	if (rv != CKR_OK)
		return ckr_fail(
		    err, rv, "C_GetSlotList", "cannot list the tokens of '%s'", hsm->path);
	*ret = mem_give(slots);
	*ret_n = n;
	return 0;
}

bool hsm_is_gone(struct hsm *hsm)
{
	MICA_FREE CK_SLOT_ID *slots = NULL;
	struct err ignored = ERR_INIT; /* what cannot be listed is not known to be gone */
	CK_ULONG n = 0;

	if (list_slots(hsm, &slots, &n, &ignored) < 0)
		return false;
	for (CK_ULONG i = 0; i < n; i++)
		if (slots[i] == hsm->slot_id)
			return false;
	return true;
}

/* A slot whose token cannot be read is left out: a reader may hold a card of another kind. Why
 * it could not be is told last, in words and a hint: where the wanted token is missing, that is
 * the reason. */
int hsm_list(struct hsm *hsm, struct buf *reply, struct err *err)
{
	MICA_FREE CK_SLOT_ID *slots = NULL;
	struct err unreadable = ERR_INIT;
	BUF_AUTO tokens = BUF_INIT;
	CK_ULONG n = 0;
	uint32_t present = 0;

	hsm_step(hsm, STEP_SLOTS);
	if (list_slots(hsm, &slots, &n, err) < 0)
		return -1;
	for (CK_ULONG i = 0; i < n; i++) {
		struct token_info info = { 0 };
		CK_RV rv = hsm_token_info(hsm, slots[i], &info);

		if (rv != CKR_OK) {
			ckr_fail(&unreadable, rv, "C_GetTokenInfo",
			    "cannot read the token in slot %lu", slots[i]);
			continue;
		}
		wire_put_u64(&tokens, slots[i]);
		wire_put_info(&tokens, &info);
		token_info_clear(&info);
		present++;
	}
	wire_put_u32(reply, present);
	buf_add(reply, tokens.data, tokens.len);
	wire_put_text(reply, unreadable.kind == ERR_NONE ? NULL : unreadable.text);
	wire_put_text(reply, unreadable.kind == ERR_NONE ? NULL : unreadable.hint);
	return 0;
}

int hsm_open_session(struct hsm *hsm, CK_SESSION_HANDLE *ret, struct err *err)
{
	static const CK_FLAGS modes[] = { CKF_SERIAL_SESSION | CKF_RW_SESSION,
		CKF_SERIAL_SESSION };
	CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < mem_count(modes); i++) {
		rv = hsm->ck->C_OpenSession(hsm->slot_id, modes[i], NULL, NULL, &session);
		if (rv != CKR_TOKEN_WRITE_PROTECTED)
			break;
	}
	if (rv != CKR_OK)
		return ckr_fail(
		    err, rv, "C_OpenSession", "cannot open a session with %s", hsm->name);
	*ret = session;
	return 0;
}

/* Between two messages a token can have been changed for another. */
static int check_slot(
    struct hsm *hsm, CK_SLOT_ID slot, const char *label, const char *serial, struct err *err)
{
	struct token_info info = { 0 };
	CK_RV rv = hsm_token_info(hsm, slot, &info);
	bool same =
	    rv == CKR_OK && strcmp(info.label, label) == 0 && strcmp(info.serial, serial) == 0;

	token_info_clear(&info);
	if (rv != CKR_OK)
		return ckr_fail(err, rv, "C_GetTokenInfo",
		    "cannot read the token '%s' (serial %s)", label, serial);
	if (same)
		return 0;
	err_set(err, ERR_LOST, "the token '%s' (serial %s) is not in its slot any more", label,
	    serial);
	return err_hint(err, "put it back, then run the same command again");
}

int hsm_select(
    struct hsm *hsm, uint64_t slot, const char *label, const char *serial, struct err *err)
{
	if (check_slot(hsm, slot, label, serial, err) < 0)
		return -1;
	if (hsm->session != CK_INVALID_HANDLE) {
		hsm_step(hsm, STEP_CLOSE);
		(void)hsm->ck->C_CloseAllSessions(hsm->slot_id);
		hsm->session = CK_INVALID_HANDLE;
	}
	hsm_forget_pin(hsm); /* the other token's */
	hsm->key = (struct hsm_key){ 0 };
	hsm->use_set = false;
	mem_freep(&hsm->name);
	hsm->name = mem_printf("token '%s' (serial %s)", label, serial);
	hsm->selected++;
	hsm->slot_id = slot;
	hsm_step(hsm, STEP_SESSION);
	return hsm_open_session(hsm, &hsm->session, err);
}
