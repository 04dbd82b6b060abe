// SPDX-License-Identifier: Apache-2.0
/*
 * inventory: mica.yaml, read strictly and judged whole.
 *
 * inventory_load() reports every fault at once, each with file, line and column, and gives an
 * inventory only when there is none. Everything in it is then valid, normalised and complete: defaults
 * are filled in, names are typed, references are resolved, paths are joined with the directory of
 * the file. mica.yaml(5) is the manual of the keys.
 */
#ifndef MICA_INVENTORY_H
#define MICA_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <mica/algorithm.h>
#include <mica/digest.h>
#include <mica/findings.h>
#include <mica/mem.h>
#include <mica/names.h>
#include <mica/profile.h>

enum ca_state { CA_ISSUING, CA_TRUSTED, CA_RETIRED };

enum pin_source { PIN_PROMPT, PIN_PAD, PIN_NONE, PIN_FILE, PIN_FD, PIN_CREDENTIAL };

struct pin_spec {
	enum pin_source source;
	char *path; /* PIN_FILE: joined */
	int fd;     /* PIN_FD */
	char *credential; /* PIN_CREDENTIAL: its name in $CREDENTIALS_DIRECTORY (systemd.exec(5)) */
	struct mark mark;
};

struct inv_ca {
	struct mark mark;
	char *name;
	enum ca_state state;
	char *module;      /* a known module's name or a path */
	char *module_args; /* NULL: none */
	char *key;         /* checked as a URI by the token's door, not here */
	struct mark key_mark;
	struct pin_spec pin;
	bool touch; /* each signature waits for a touch, which no module tells */
	enum algorithm algorithm;
	struct rdn *subject;
	size_t n_subject;
	int64_t days;
	char *certificate; /* path of a certificate to adopt with its key; NULL: none */
	struct mark certificate_mark;
	char **parents; /* the certificates above this CA, nearest first, the root last; joined paths */
	struct mark *parent_marks;
	size_t n_parents;      /* 0: a root */
	char **permitted_dns;  /* name constraints: DNS domains, A-labels in lower case */
	struct mark *permitted_dns_marks;
	size_t n_permitted_dns; /* 0: no constraints */
	bool cross_sign;        /* the CA that issues now is to certify this one's key too */
	int64_t crl_days;       /* nextUpdate of its CRLs: days from thisUpdate */
};

/* What part of its life a certificate has left when it is renewed: a fraction, or a span. */
struct renew_before {
	int64_t num, den; /* den 0: `seconds` holds */
	int64_t seconds;
};

struct inv_certificate {
	struct mark mark;
	char *name;
	enum profile profile;
	char *common_name;
	struct name *names; /* dns, then ip, in the file's order */
	struct mark *name_marks;
	size_t n_names;
	enum algorithm algorithm;
	int64_t days;
	struct renew_before renew_before;
	int64_t backdate; /* seconds */
	char *csr;        /* path of a request from outside; NULL: mica makes the key */
	struct mark csr_mark;
	bool used;        /* some deployment names it */
};

enum deployment_kind { DEPLOY_COMPOSE, DEPLOY_FILES, DEPLOY_HELM, DEPLOY_OPERATOR };

enum secret_form { SECRET_DATA, SECRET_STRING_DATA };

/* A label of the Secret, as Kubernetes takes it. */
struct inv_label {
	char *key, *value;
};

/* Of the kinds helm and operator; zeroed for others. */
struct inv_kubernetes {
	char *namespace;
	char *release; /* Helm's release, or the name of the Milvus resource */
	char *service; /* the Service by which Milvus is reached */
	struct inv_label *labels; /* in the order of keys */
	size_t n_labels;
	enum secret_form form;
	bool patch; /* operator: a patch for a resource that is there, not a whole one */
};

/* What Milvus stands on, and reaches by TLS when the inventory says so. */
enum dependency_kind { DEPENDENCY_ETCD, DEPENDENCY_MINIO, DEPENDENCY_KAFKA, DEPENDENCY_TIKV };
enum { DEPENDENCY_COUNT = DEPENDENCY_TIKV + 1 };

/* Its files, by the paths that Milvus sees; zeroed: nothing is said of it. */
struct inv_dependency {
	bool tls;
	char *ca;         /* NULL: the system's CAs */
	char *cert, *key; /* both or neither */
	char *min_version; /* "1.2"; NULL: Milvus's own default */
	bool sasl;         /* Kafka: clients log in as well */
};

/* A cluster that CDC replicates to, its files by the paths that Milvus sees. */
struct inv_cdc {
	char *id;
	char *ca, *cert, *key;
};

/* "2.6" as 206, so that versions compare; "2.3.5" is 203 */
#define MILVUS_VERSION(major, minor) ((major) * 100 + (minor))

struct inv_deployment {
	struct mark mark;
	char *name;
	enum deployment_kind kind;
	int version;
	int patch; /* of 2.3.5: 5; -1: not said */
	char *version_text;
	char *out;                /* joined */
	size_t server;            /* index into certificates */
	size_t *clients;
	size_t n_clients;
	int tls_mode;
	bool internal_tls;
	char *sni;
	int rest_port;            /* 0: REST off */
	char *mount;              /* where Milvus sees the tls directory, absolute, no final slash */
	bool owner_set;
	uid_t uid;
	gid_t gid;
	mode_t key_mode;
	unsigned keep;
	char **endpoints;         /* "host:port" */
	size_t n_endpoints;
	char **restart;           /* argv of what restarts it, NULL at its end; NULL: nobody is told */
	int64_t deadline;         /* seconds, for `restart`, and again for the endpoints after it */
	char *milvus_yaml;        /* path of a milvus.yaml to merge the keys into; NULL: none; joined */
	struct mark milvus_yaml_mark;
	bool service_names;       /* the server's certificate holds those of inventory_service_names() too */
	struct inv_kubernetes kubernetes;
	struct inv_dependency dependencies[DEPENDENCY_COUNT];
	struct inv_cdc *cdc; /* in the order of the file */
	size_t n_cdc;
};

struct inventory {
	char *file; /* as named */
	char *dir;  /* its directory: what paths are relative to */
	char *state_dir;
	struct inv_ca *cas;
	size_t n_cas;
	size_t issuing; /* index of the one that issues */
	char **trust;   /* paths, joined */
	struct mark *trust_marks;
	size_t n_trust;
	struct inv_certificate *certificates;
	size_t n_certificates;
	struct inv_deployment *deployments;
	size_t n_deployments;
	size_t *certificates_by_name; /* indices in the order of names, for the functions below */
	size_t *deployments_by_name;
};

/*
 * ERR_FAILED "... N faults" with the findings when the inventory is invalid; ERR_REFUSED when it is
 * valid but policy forbids what it says (findings say what); ERR_NOT_FOUND when there is no file.
 * Warnings may be among the findings on success.
 */
int inventory_load(const char *path, struct findings *findings, struct inventory **ret,
    struct err *err) MICA_CHECKED;

/* The same of text that is at hand (tests, fuzzing); dir is what paths are relative to. */
int inventory_parse(const char *file, const char *dir, const void *bytes, size_t len,
    struct findings *findings, struct inventory **ret, struct err *err) MICA_CHECKED;

void inventory_free(struct inventory *inventory);
MICA_DEFINE_FREEP(struct inventory, inventory_free)

const struct inv_ca *inventory_issuer(const struct inventory *inventory);
/* Whether what a client trusts is more than a server's ca.pem, since some CA stands below another: then it
 * lies beside that in trust.pem. (Here, for rooms that are handed an inventory and do not link plan.) */
static inline bool inventory_has_trust_file(const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->n_cas; i++) {
		const struct inv_ca *ca = &inventory->cas[i];

		if (ca->state != CA_RETIRED && ca->n_parents > 0)
			return true;
	}
	return false;
}
/* NULL when there is none */
const struct inv_ca *inventory_ca(const struct inventory *inventory, const char *name);
const struct inv_certificate *inventory_certificate(const struct inventory *inventory, const char *name);
const struct inv_deployment *inventory_deployment(const struct inventory *inventory, const char *name);

/* Whether it runs in Kubernetes: its files get there in a Secret. */
static inline bool inventory_in_kubernetes(const struct inv_deployment *deployment)
{
	return deployment->kind == DEPLOY_HELM || deployment->kind == DEPLOY_OPERATOR;
}

/* The names by which Compose, Helm or the operator let Milvus be reached, DNS names and addresses;
 * free() each and the array. */
char **inventory_service_names(const struct inv_deployment *deployment, size_t *ret_n);

/* What a record's `definition` is: SHA-256 over profile, common name, names, algorithm, and whether (not
 * from where) the key comes by a request. A change means that the certificate is due. */
struct digest inventory_definition(const struct inv_certificate *certificate);

/* A commented mica.yaml for a kind ("compose", "helm") that applies as it is; NULL: unknown kind. */
const char *inventory_example(const char *kind);

/* Every key of mica.yaml as "path: summary" lines ("ca[].pin: ..."), for documents and tests; NULL
 * when i is past the end. */
const char *inventory_key(size_t i, const char **ret_summary);

#endif
