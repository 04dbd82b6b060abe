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

void hsm_signing_step(
    struct hsm *hsm, const struct hsm_signing *signing, enum wire_step step)
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

/* --- errors of libp11 ---------------------------------------------------------- */

unsigned long hsm_queued_ckr(void)
{
	int library = ERR_get_CKR_code();
	unsigned long code, found = CKR_OK;

	while ((code = ERR_get_error()) != 0) {
		if (ERR_GET_LIB(code) == library)
			found = (unsigned long)ERR_GET_REASON(code);
	}
	return found;
}

static unsigned long ask_device(struct hsm *hsm)
{
	CK_SESSION_INFO session;
	CK_TOKEN_INFO token;
	CK_RV rv;

	if (hsm->session == CK_INVALID_HANDLE)
		return CKR_OK;
	rv = hsm->ck->C_GetSessionInfo(hsm->session, &session);
	return rv == CKR_OK ? hsm->ck->C_GetTokenInfo(hsm->slot_id, &token) : rv;
}

int hsm_p11_fail(struct hsm *hsm, struct err *err, const char *call, const char *fmt, ...)
{
	unsigned long rv = hsm_queued_ckr();
	MICA_FREE char *what = NULL;
	va_list args;

	va_start(args, fmt);
	what = mem_vprintf(fmt, args);
	va_end(args);
	if (rv == CKR_OK)
		rv = ask_device(hsm);
	if (rv != CKR_OK)
		return ckr_fail(err, rv, call, "%s", what);
	err_set(err, ERR_FAILED, "%s: %s failed, and libp11 does not say why", what, call);
	return -1;
}

/* --- loading ------------------------------------------------------------------- */

/* Loaded here first: libp11 would print dlerror() and keep the reason to itself. */
static int load_library(struct hsm *hsm, const char *path, struct err *err)
{
	CK_RV (*get_list)(CK_FUNCTION_LIST **) = NULL;
	CK_FUNCTION_LIST *second = NULL;
	void *symbol;
	CK_RV rv;

	hsm_step(hsm, STEP_LOAD);
	hsm->library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	if (!hsm->library) {
		err_set(err, ERR_FAILED, "cannot load the module '%s': %s", path, dlerror());
		return err_hint(err, "a module is a shared library of the token's vendor for "
		                     "this machine's architecture");
	}
	symbol = dlsym(hsm->library, "C_GetFunctionList");
	if (!symbol)
		return err_set(err, ERR_FAILED,
		    "'%s' is no PKCS#11 module: it has no C_GetFunctionList", path);
	memcpy(&get_list, &symbol, sizeof(get_list));
	rv = get_list(&hsm->ck);
	if (rv != CKR_OK)
		return ckr_fail(
		    err, rv, "C_GetFunctionList", "cannot use the module '%s'", path);
	hsm->apart = get_list(&second) == CKR_OK && second != hsm->ck;
	return 0;
}

static int start_apart(struct hsm *hsm, const char *args, struct err *err)
{
	CK_C_INITIALIZE_ARGS how = { .flags = CKF_OS_LOCKING_OK, .pReserved = (void *)args };
	CK_RV rv = hsm->ck->C_Initialize(&how);

	if (rv == CKR_OK)
		return 0;
	return ckr_fail(err, rv, "C_Initialize", "cannot start the module '%s'", hsm->path);
}

int hsm_open(struct hsm *hsm, const char *path, const char *args, struct err *err)
{
	if (hsm->library)
		return err_set(err, ERR_FAILED, "a module is loaded already");
	if (load_library(hsm, path, err) < 0)
		return -1;
	hsm->path = mem_strdup(path);
	hsm->ctx = PKCS11_CTX_new();
	if (!hsm->ctx)
		return err_openssl(err, "cannot start libp11");
	if (args)
		PKCS11_CTX_init_args(hsm->ctx, args);
	hsm_step(hsm, STEP_INITIALIZE);
	if (PKCS11_CTX_load(hsm->ctx, path) != 0) {
		(void)hsm_p11_fail(
		    hsm, err, "C_Initialize", "cannot start the module '%s'", path);
		/* its context is not worth freeing: nothing is loaded in it */
		hsm->ctx = NULL;
		if (err->kind == ERR_LOST)
			err->kind = ERR_FAILED;
		return -1;
	}
	return hsm->apart ? start_apart(hsm, args, err) : 0;
}

void hsm_close(struct hsm *hsm)
{
	hsm_forget_pin(hsm);
	if (hsm->ctx) {
		hsm_step(hsm, STEP_FINALIZE);
		if (hsm->apart)
			(void)hsm->ck->C_Finalize(NULL);
		if (hsm->slots)
			PKCS11_release_all_slots(hsm->ctx, hsm->slots, hsm->n_slots);
		PKCS11_CTX_unload(hsm->ctx);
		PKCS11_CTX_free(hsm->ctx);
	}
	buf_clear(&hsm->issuer);
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

static unsigned pin_len(CK_ULONG len)
{
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

static int slot_list(struct hsm *hsm, CK_SLOT_ID **ret, CK_ULONG *ret_n, struct err *err)
{
	MICA_FREE CK_SLOT_ID *slots = NULL;
	CK_ULONG n = 0;
	CK_RV rv;

	hsm_step(hsm, STEP_SLOTS);
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

/* A slot whose token cannot be read is left out: a reader may hold a card of another kind. */
int hsm_list(struct hsm *hsm, struct buf *reply, struct err *err)
{
	MICA_FREE CK_SLOT_ID *slots = NULL;
	BUF_AUTO tokens = BUF_INIT;
	CK_ULONG n = 0;
	uint32_t present = 0;

	if (slot_list(hsm, &slots, &n, err) < 0)
		return -1;
	for (CK_ULONG i = 0; i < n; i++) {
		struct token_info info = { 0 };

		if (hsm_token_info(hsm, slots[i], &info) != CKR_OK)
			continue;
		wire_put_u64(&tokens, slots[i]);
		wire_put_info(&tokens, &info);
		token_info_clear(&info);
		present++;
	}
	wire_put_u32(reply, present);
	buf_add(reply, tokens.data, tokens.len);
	return 0;
}

static PKCS11_SLOT *find_slot(struct hsm *hsm, uint64_t id)
{
	for (unsigned i = 0; i < hsm->n_slots; i++) {
		if (PKCS11_get_slotid_from_slot(&hsm->slots[i]) == id)
			return &hsm->slots[i];
	}
	return NULL;
}

/* Read-write where the token lets us: key generation needs it, and some tokens know nothing
 * else. libp11 first, since it closes every session of the slot when its mode changes. */
static int open_session(struct hsm *hsm, struct err *err)
{
	static const CK_FLAGS modes[] = { CKF_SERIAL_SESSION | CKF_RW_SESSION,
		CKF_SERIAL_SESSION };
	CK_RV rv = CKR_OK;

	hsm_step(hsm, STEP_SESSION);
	for (size_t i = 0; i < mem_count(modes); i++) {
		if (PKCS11_open_session(hsm->slot, modes[i] & CKF_RW_SESSION ? 1 : 0) != 0)
			return hsm_p11_fail(hsm, err, "C_OpenSession",
			    "cannot open a session with %s", hsm->name);
		rv = hsm->ck->C_OpenSession(hsm->slot_id, modes[i], NULL, NULL, &hsm->session);
		if (rv != CKR_TOKEN_WRITE_PROTECTED)
			break;
	}
	if (rv == CKR_OK)
		return 0;
	hsm->session = CK_INVALID_HANDLE;
	return ckr_fail(err, rv, "C_OpenSession", "cannot open a session with %s", hsm->name);
}

int hsm_select(
    struct hsm *hsm, uint64_t slot, const char *label, const char *serial, struct err *err)
{
	PKCS11_SLOT *found;

	hsm_step(hsm, STEP_SLOTS);
	if (!hsm->slots && PKCS11_enumerate_slots(hsm->ctx, &hsm->slots, &hsm->n_slots) != 0)
		return hsm_p11_fail(
		    hsm, err, "C_GetSlotList", "cannot list the slots of '%s'", hsm->path);
	found = find_slot(hsm, slot);
	if (!found || !found->token || strcmp(found->token->label, label) != 0 ||
	    strcmp(found->token->serialnr, serial) != 0) {
		err_set(err, ERR_LOST, "the token '%s' (serial %s) is not in its slot any more",
		    label, serial);
		return err_hint(err, "check that the token is plugged in, then try again");
	}
	hsm->key = (struct hsm_key){ 0 };
	hsm->use_set = false;
	mem_freep(&hsm->name);
	hsm->name = mem_printf("token '%s' (serial %s)", label, serial);
	hsm->slot = found;
	hsm->selected++;
	hsm->slot_id = slot;
	return open_session(hsm, err);
}
