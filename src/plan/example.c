// SPDX-License-Identifier: Apache-2.0
#include <mica/inventory.h>

#include <string.h>

#include <mica/mem.h>

/* One text for every kind; only the server's names and the deployment differ. */
#define HEAD(kind, dns)                                                                        \
	"# The CA, the certificates, the Milvus that uses them: man mica.yaml\n"               \
	"#\n"                                                                                  \
	"#   mica init    makes the CA's key on the token, and its certificate\n"              \
	"#   mica plan    says what apply would do\n"                                          \
	"#   mica apply   does it: issues, renews, delivers to out/milvus\n"                   \
	"#\n"                                                                                  \
	"# Paths are relative to this file. What stands behind '#' holds anyway,\n"            \
	"# or is an example. Made by: mica example " kind "\n"                                 \
	"version: 1\n"                                                                         \
	"\n"                                                                                   \
	"state-dir: state                  # ledger and CA certificate: back it up\n"          \
	"\n"                                                                                   \
	"ca:\n"                                                                                \
	"  - name: g1                      # a CA that replaces this one will be g2\n"         \
	"    # state: issuing              # a spare CA, on another token: trusted\n"          \
	"    module: softhsm2              # PKCS#11 module: a known name, or a path\n"        \
	"    key: \"pkcs11:token=milvus-ca;object=ca\"   # the key on it (RFC 7512)\n"         \
	"    pin: file:pin                 # prompt | pad | none | file:PATH | fd:N | "        \
	"credential:NAME\n"                                                                    \
	"    subject: { O: Example, CN: Milvus CA g1 }\n"                                      \
	"    # algorithm: ec-p256          # ec-p384 | rsa-2048 | rsa-3072 | rsa-4096\n"       \
	"    # days: 3650                  # life of the CA certificate\n"                     \
	"    # crl-days: 180               # how long a CRL holds; each run signs a new one\n" \
	"    # certificate: ca.pem         # adopt a CA that has a certificate already\n"      \
	"    # parent: [root.pem]          # the CAs above: mica init --csr, --certificate\n"  \
	"    # permitted-dns: [example.com]  # the only DNS domains it may issue for\n"        \
	"    # cross-sign: false           # is its key certified by the CA before it?\n"      \
	"    # touch: true                 # each signature waits for a touch of the token\n"  \
	"    # module-args: \"...\"          # text for modules that need one (NSS)\n"         \
	"\n"                                                                                   \
	"# trust: [old-ca.pem]             # CAs that clients and servers trust as well\n"     \
	"# shared-trust: false             # may deployments let in each other's clients?\n"   \
	"\n"                                                                                   \
	"# defaults:                       # for certificates that say nothing else\n"         \
	"#   algorithm: ec-p256\n"                                                             \
	"#   days: 90\n"                                                                       \
	"#   renew-before: 1/3             # of its life, or a span such as 20d\n"             \
	"#   backdate: 1h                  # for clocks that are behind\n"                     \
	"\n"                                                                                   \
	"certificates:\n"                                                                      \
	"  - name: server\n"                                                                   \
	"    profile: server\n"                                                                \
	"    common-name: localhost        # one of the names below\n" dns                     \
	"    ip: [127.0.0.1]\n"                                                                \
	"  - name: ingest\n"                                                                   \
	"    profile: client\n"                                                                \
	"    common-name: ingest\n"                                                            \
	"  - name: query\n"                                                                    \
	"    profile: client\n"                                                                \
	"    common-name: query\n"                                                             \
	"    # csr: query.csr              # the key stays there: only a request is read\n"    \
	"    # days: 30                    # and the other keys of defaults\n"                 \
	"\n"                                                                                   \
	"milvus:\n"                                                                            \
	"  - name: milvus\n"                                                                   \
	"    kind: " kind "\n"                                                                 \
	"    version: \"2.6\"\n"                                                               \
	"    out: out/milvus               # tls/, clients/, and what Milvus is told\n"        \
	"    server: server\n"                                                                 \
	"    clients: [ingest, query]\n"                                                       \
	"    tls-mode: 2                   # 0 plaintext | 1 one-way | 2 mutual TLS\n"         \
	"    internal-tls: true            # between the parts of Milvus, from 2.5 on\n"

#define TAIL                                                                                   \
	"    # sni: localhost              # the name that is checked: one of dns\n"           \
	"    # rest-port: 8080             # 0: no REST\n"                                     \
	"    # owner: \"1000:1000\"          # uid:gid that Milvus runs as\n"                  \
	"    # key-mode: \"0600\"            # 0400, 0640, 0440\n"                             \
	"    # keep: 2                     # how many deliveries are kept\n"                   \
	"    # endpoints: [\"127.0.0.1:19530\"]            # probed after delivery\n"          \
	"    # restart: [./restart-milvus] # a program, no shell: run after delivery\n"        \
	"    # deadline: 2m                # for it, and again for the endpoints\n"

#define NAMES(names) "    dns: [" names "]         # every name that clients use\n"
#define COMPOSE_NAMES NAMES("localhost, milvus-standalone")
#define CLUSTER_NAMES NAMES("localhost, milvus.example.com")

#define COMPOSE                                                                                \
	"    # mount: /milvus/tls          # where the container sees tls/\n"                  \
	"    # service-names: true         # the server gets the names of Compose as well\n"

#define FILES                                                                                  \
	"    # mount: /etc/milvus/tls      # where Milvus sees tls/; else its own path\n"      \
	"    # milvus-yaml: milvus.yaml    # for 2.3: the file to merge the keys into\n"

#define CLUSTER(what)                                                                          \
	"    namespace: milvus             # default: default\n"                               \
	"    release: my-release           # " what "\n"                                       \
	"    service-names: true           # the server gets the names of its Service\n"       \
	"    # labels: { team: search }    # of the Secret\n"                                  \
	"    # secret-form: data           # or stringData\n"

#define PATCH "    # patch: true                 # for a resource that is there\n"

static const struct {
	const char *kind;
	const char *text;
} examples[] = {
	{ "compose", HEAD("compose", COMPOSE_NAMES) COMPOSE TAIL },
	{ "helm", HEAD("helm", CLUSTER_NAMES) CLUSTER("Helm's") TAIL },
	{ "operator",
	    HEAD("operator", CLUSTER_NAMES) CLUSTER("the Milvus resource") PATCH TAIL },
	{ "files", HEAD("files", COMPOSE_NAMES) FILES TAIL },
};

const char *inventory_example(const char *kind)
{
	for (size_t i = 0; i < mem_count(examples); i++) {
		if (strcmp(examples[i].kind, kind) == 0)
			return examples[i].text;
	}
	return NULL;
}
