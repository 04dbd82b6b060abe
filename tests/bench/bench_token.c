// SPDX-License-Identifier: Apache-2.0
/*
 * bench_token WHAT MODULE TOKEN LABEL PIN-FILE THREADS COUNT: what the token itself can do.
 *
 *     sign    C_SignInit and C_Sign, nothing else
 *     floor   makes a P-256 key pair (OpenSSL) before each of them, which no certificate can be
 *             had without
 *
 * bench_token sleep MS THREADS COUNT: threads that sleep instead, what a latency leaves at
 * best.
 *
 * LABEL may be id:HEX, one octet. Each thread has a session of its own; COUNT is over all of
 * them. Prints microseconds of wall time for one.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <p11-kit/pkcs11.h>

enum { MAX_THREADS = 64, DIGEST = 32, LONGEST = 1024 };

struct world {
	CK_FUNCTION_LIST *p11;
	CK_SLOT_ID slot;
	CK_OBJECT_HANDLE key;
	bool rsa, keys;
	struct timespec sleep; /* instead */
	bool sleeps;
	long count; /* for each thread */
};

static void die(const char *what, unsigned long rv)
{
	fprintf(stderr, "bench_token: %s: 0x%lx\n", what, rv);
	exit(1);
}

#define TRY(call)                                                                              \
	do {                                                                                   \
		CK_RV rv_ = (call);                                                            \
		if (rv_ != CKR_OK)                                                             \
			die(#call, rv_);                                                       \
	} while (0)

static void load(struct world *world, const char *path)
{
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get = NULL;
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };

	if (module)
		*(void **)&get = dlsym(module, "C_GetFunctionList");
	if (!get) {
		fprintf(stderr, "bench_token: %s\n", dlerror());
		exit(1);
	}
	TRY(get(&world->p11));
	TRY(world->p11->C_Initialize(&args));
}

static void find_slot(struct world *world, const char *label)
{
	CK_SLOT_ID slots[16];
	CK_ULONG n = 16;

	TRY(world->p11->C_GetSlotList(CK_TRUE, slots, &n));
	for (CK_ULONG i = 0; i < n; i++) {
		CK_TOKEN_INFO info;

		TRY(world->p11->C_GetTokenInfo(slots[i], &info));
		if (strncmp((const char *)info.label, label, strlen(label)) == 0) {
			world->slot = slots[i];
			return;
		}
	}
	die("no such token", 0);
}

static CK_SESSION_HANDLE session(const struct world *world)
{
	CK_SESSION_HANDLE ret;

	TRY(world->p11->C_OpenSession(world->slot, CKF_SERIAL_SESSION, NULL, NULL, &ret));
	return ret;
}

static void log_in(const struct world *world, CK_SESSION_HANDLE on, const char *file)
{
	char pin[256] = "";
	FILE *in = fopen(file, "re");

	if (!in || !fgets(pin, sizeof(pin), in))
		die("the PIN's file cannot be read", 0);
	fclose(in);
	pin[strcspn(pin, "\n")] = '\0';
	TRY(world->p11->C_Login(on, CKU_USER, (unsigned char *)pin, strlen(pin)));
}

static void find_key(struct world *world, CK_SESSION_HANDLE on, char *label)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = 0;
	unsigned char id = 0;
	CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof(class) },
		{ CKA_LABEL, label, strlen(label) } };
	CK_ATTRIBUTE what = { CKA_KEY_TYPE, &type, sizeof(type) };
	CK_ULONG n = 0;

	if (strncmp(label, "id:", 3) == 0) {
		id = (unsigned char)strtoul(label + 3, NULL, 16);
		wanted[1] = (CK_ATTRIBUTE){ CKA_ID, &id, 1 };
	}
	TRY(world->p11->C_FindObjectsInit(on, wanted, 2));
	TRY(world->p11->C_FindObjects(on, &world->key, 1, &n));
	TRY(world->p11->C_FindObjectsFinal(on));
	if (n != 1)
		die("no such key", n);
	TRY(world->p11->C_GetAttributeValue(on, world->key, &what, 1));
	world->rsa = type == CKK_RSA;
}

/* What a certificate's signature is made of: the digest, in a DigestInfo (RFC 8017 9.2) for
 * RSA. */
static void sign(const struct world *world, CK_SESSION_HANDLE on, uint8_t fill)
{
	static const uint8_t info[] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
		0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };
	CK_MECHANISM mechanism = { world->rsa ? CKM_RSA_PKCS : CKM_ECDSA, NULL, 0 };
	uint8_t in[sizeof(info) + DIGEST], out[LONGEST];
	CK_ULONG len = sizeof(out), n = 0;

	if (world->rsa) {
		memcpy(in, info, sizeof(info));
		n = sizeof(info);
	}
	memset(in + n, fill, DIGEST);
	TRY(world->p11->C_SignInit(on, &mechanism, world->key));
	TRY(world->p11->C_Sign(on, in, n + DIGEST, out, &len));
}

static void *work(void *context)
{
	const struct world *world = context;
	CK_SESSION_HANDLE on = world->sleeps ? CK_INVALID_HANDLE : session(world);

	for (long i = 0; i < world->count; i++) {
		if (world->sleeps) {
			nanosleep(&world->sleep, NULL);
			continue;
		}
		if (world->keys) {
			EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");

			if (!key)
				die("EVP_PKEY_Q_keygen", 0);
			EVP_PKEY_free(key);
		}
		sign(world, on, (uint8_t)i);
	}
	return NULL;
}

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static double measure(struct world *world, int threads)
{
	pthread_t thread[MAX_THREADS];
	int64_t begun = now();

	for (int i = 0; i < threads; i++) {
		if (pthread_create(&thread[i], NULL, work, world) != 0)
			die("pthread_create", 0);
	}
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	return (double)(now() - begun) / 1e3 / (double)(world->count * threads);
}

static int usage(void)
{
	fprintf(stderr,
	    "usage: bench_token sign|floor MODULE TOKEN LABEL PIN-FILE THREADS COUNT\n"
	    "       bench_token sleep MS THREADS COUNT\n");
	return 2;
}

static int threads_of(const char *text)
{
	int threads = (int)strtol(text, NULL, 10);

	if (threads < 1 || threads > MAX_THREADS)
		die("1 to 64 threads", (unsigned long)threads);
	return threads;
}

static void print(struct world *world, int threads, const char *count)
{
	world->count = strtol(count, NULL, 10) / threads;
	if (world->count < 1)
		world->count = 1;
	printf("%.2f\n", measure(world, threads));
}

static int sleep_only(char **argv)
{
	long ms = strtol(argv[2], NULL, 10);
	struct world world = { .sleeps = true, .sleep = { ms / 1000, ms % 1000 * 1000000 } };

	print(&world, threads_of(argv[3]), argv[4]);
	return 0;
}

int main(int argc, char **argv)
{
	struct world world = { 0 };
	CK_SESSION_HANDLE on;
	int threads;

	if (argc == 5 && strcmp(argv[1], "sleep") == 0)
		return sleep_only(argv);
	if (argc != 8 || (strcmp(argv[1], "sign") != 0 && strcmp(argv[1], "floor") != 0))
		return usage();
	threads = threads_of(argv[6]);
	load(&world, argv[2]);
	find_slot(&world, argv[3]);
	on = session(&world);
	log_in(&world, on, argv[5]);
	find_key(&world, on, argv[4]);
	world.keys = strcmp(argv[1], "floor") == 0;
	world.count = 20; /* warm up */
	measure(&world, threads);
	print(&world, threads, argv[7]);
	TRY(world.p11->C_Finalize(NULL));
	return 0;
}
