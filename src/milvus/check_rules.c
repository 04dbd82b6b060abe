// SPDX-License-Identifier: Apache-2.0
#include <mica/check_rules.h>

#include <string.h>

#include <mica/mem.h>

// clang-format off
static const struct check_rule rules[CHECK_ID_COUNT] = {
	[CHECK_YAML_UNREADABLE] = { "yaml-unreadable", FINDING_ERROR,
	  "Milvus passes over its files when one cannot be read and runs with its defaults, in plaintext, or does not start.",
	  "mend the text at this place" },
	[CHECK_DUPLICATE_KEY] = { "duplicate-key", FINDING_ERROR,
	  "Of a key that stands twice in a map Milvus takes the last one, whole: what stood under the first is gone without a word, TLS with it.",
	  "make the two one" },
	[CHECK_AMBIGUOUS_KEY] = { "ambiguous-key", FINDING_ERROR,
	  "Milvus compares keys in lower case and without '/', '_' and '.'; of two spellings of one key chance decides at each start which one counts.",
	  "take one of them out" },
	[CHECK_WRONG_LEVEL] = { "wrong-level", FINDING_ERROR,
	  "Milvus reads a key at its one place only; anywhere else it is passed over without a word, which leaves plaintext or the image's own files.",
	  "move it to its place" },
	[CHECK_USER_YAML_UNREAD] = { "user-yaml-unread", FINDING_ERROR,
	  "Milvus before 2.4 reads milvus.yaml and nothing else.",
	  "put the keys into milvus.yaml, or use Milvus 2.4 or later" },
	[CHECK_EMPTY_VARIABLE] = { "empty-variable", FINDING_ERROR,
	  "A variable wins over every file, also when it is empty: an empty tlsMode is plaintext, an empty path is none.",
	  "take the variable out of the environment, or give it a value" },
	[CHECK_BOOL_VALUE] = { "bool-value", FINDING_ERROR,
	  "What Milvus does not know as true or false is false: the switch is off.",
	  "write true or false, without quotes" },
	[CHECK_HELM_CUSTOM_CONFIGMAP] = { "helm-custom-configmap", FINDING_ERROR,
	  "With customConfigMap the chart mounts that ConfigMap alone: extraConfigFiles, and user.yaml in it, reach no pod.",
	  "take customConfigMap out, or put the keys into that ConfigMap" },
	[CHECK_TLS_MODE] = { "tls-mode", FINDING_ERROR,
	  "tlsMode is 0, 1 or 2; with another number Milvus does not start or leaves gRPC in plaintext, and what is no number counts as 0.",
	  "write 1 (one-way) or 2 (two-way)" },
	[CHECK_TLS_ENABLED_UNREAD] = { "tls-enabled-unread", FINDING_ERROR,
	  "tlsEnabled was read by Milvus before 2.2; today only common.security.tlsMode is.",
	  "use common.security.tlsMode" },
	[CHECK_PLAINTEXT] = { "plaintext", FINDING_WARNING,
	  "With tlsMode 0 data, tokens and passwords of clients travel in plaintext.",
	  "set common.security.tlsMode to 1 or 2" },
	[CHECK_PATH_MISSING] = { "path-missing", FINDING_ERROR,
	  "Without its certificate, key, or in two-way mode its CA file, Milvus does not start.",
	  "set the path" },
	[CHECK_REST_SHARED_PORT] = { "rest-shared-port", FINDING_ERROR,
	  "With TLS on, REST cannot share gRPC's port: Milvus 2.5 and later stops at start, earlier ones serve no REST.",
	  "set proxy.http.port to a port of its own, 8080 say, or proxy.http.enabled to false" },
	[CHECK_REST_PLAINTEXT] = { "rest-plaintext", FINDING_ERROR,
	  "REST takes tokens and data as gRPC does; in plaintext whoever can listen on the network reads them.",
	  "set tlsMode to 1 or 2 with proxy.http.port, or proxy.http.enabled to false; then restart" },
	[CHECK_INTERNAL_UNSUPPORTED] = { "internal-unsupported", FINDING_ERROR,
	  "Milvus before 2.5 has no internal TLS: its nodes talk in plaintext.",
	  "use Milvus 2.5 or later" },
	[CHECK_INTERNAL_FALLBACK] = { "internal-fallback", FINDING_ERROR,
	  "When the internal certificate or key cannot be used, Milvus warns and falls back to plaintext between its nodes; the log line 'Internal TLS Enabled' comes all the same.",
	  "give internaltls.serverPemPath and serverKeyPath a pair that works" },
	[CHECK_SNI_EMPTY] = { "sni-empty", FINDING_ERROR,
	  "With an empty sni each node checks the other's IP address, which no certificate for names holds.",
	  "set internaltls.sni to a DNS name of the certificate" },
	[CHECK_SNI_MISSING] = { "sni-missing", FINDING_ERROR,
	  "Every node checks its peer against the one sni; when the certificate does not hold it, they hang in retries until a deadline.",
	  "issue the certificate with this name, or set internaltls.sni to a name that it holds" },
	[CHECK_ETCD_KEY_PAIR] = { "etcd-key-pair", FINDING_ERROR,
	  "With etcd.ssl.enabled Milvus always loads a client's pair and a CA; it does not start without them, even when etcd asks for no certificate.",
	  "set etcd.ssl.tlsCert, tlsKey and tlsCACert" },
	[CHECK_MIN_VERSION] = { "min-version", FINDING_ERROR,
	  "Milvus takes 1.0, 1.1, 1.2 and 1.3 as texts: anything else stops it (1.0 without quotes is read as 1), and 1.0 and 1.1 are broken.",
	  "write \"1.2\" or \"1.3\", with quotes" },
	[CHECK_CDC_ID_COLLIDES] = { "cdc-id-collides", FINDING_ERROR,
	  "Milvus compares keys in lower case and without '/', '_' and '.', so both targets have the same keys, and chance decides whose certificate is shown to whom.",
	  "give the clusters ids that differ in letters, digits or '-'" },
	[CHECK_CDC_INCOMPLETE] = { "cdc-incomplete", FINDING_ERROR,
	  "CDC uses TLS for a target only when both clientPemPath and clientKeyPath are set, and verifies it by caPemPath; else it connects without.",
	  "set caPemPath, clientPemPath and clientKeyPath of the target" },
	[CHECK_FILE_MISSING] = { "file-missing", FINDING_ERROR,
	  "Milvus or the client does not start without the file, or goes on in plaintext.",
	  "bring the file there; for a path of the container say where it lies here: --mount INSIDE=HERE" },
	[CHECK_FILE_UNREADABLE] = { "file-unreadable", FINDING_ERROR,
	  "A file that cannot be read, or holds something else, is as good as none.",
	  "put the right file there, in PEM" },
	[CHECK_KEY_EXPOSED] = { "key-exposed", FINDING_ERROR,
	  "Who reads the key can pass for its owner until the certificate ends: Milvus knows no revocation.",
	  "chmod 600 (0440 with fsGroup in Kubernetes), and have a new key made" },
	[CHECK_KEY_OWNER] = { "key-owner", FINDING_ERROR,
	  "Milvus 3.0's image runs as the user milvus, who cannot read a key that is root's alone.",
	  "chown the key to the user of the container; in Kubernetes fsGroup and mode 0440" },
	[CHECK_FILE_WRITABLE] = { "file-writable", FINDING_ERROR,
	  "Who can write the file decides whom it makes trusted.",
	  "chmod 644" },
	[CHECK_CA_KEY_BESIDE] = { "ca-key-beside", FINDING_ERROR,
	  "Who reads the CA's key can make a certificate for any server and any client; it need not be anywhere near Milvus.",
	  "make a new CA whose key is on a token (mica init), and destroy this one" },
	[CHECK_DEMO_KEY] = { "demo-key", FINDING_ERROR,
	  "These files come with Milvus' image and source: their private keys are public, and everybody can pass for this server or client.",
	  "issue certificates of your own, and name them in tls" },
	[CHECK_KEY_MISMATCH] = { "key-mismatch", FINDING_ERROR,
	  "A certificate and a key that do not belong together serve no connection; Milvus does not start with them.",
	  "deliver the pair together" },
	[CHECK_SAME_KEY] = { "same-key", FINDING_ERROR,
	  "With one key for both, every client holds what it takes to pass for the server.",
	  "give the server and each client a key of its own" },
	[CHECK_KEY_ALGORITHM] = { "key-algorithm", FINDING_ERROR,
	  "gRPC's clients and Java take RSA from 2048 bits, P-256 and P-384; pymilvus has no Ed25519 and no P-521.",
	  "issue the certificate with P-256 or RSA" },
	[CHECK_SIGNATURE_WEAK] = { "signature-weak", FINDING_ERROR,
	  "Go, and so Milvus and its Go clients, refuses signatures with SHA-1 or MD5.",
	  "issue it again with SHA-256" },
	[CHECK_KEY_FORM] = { "key-form", FINDING_ERROR,
	  "Java's client reads unencrypted PKCS#8 only; the server refuses encrypted keys.",
	  "openssl pkcs8 -topk8 -nocrypt" },
	[CHECK_NAMES_MISSING] = { "names-missing", FINDING_ERROR,
	  "Go looks for names in the subjectAltName only; that pymilvus and curl accept the common name is no proof.",
	  "issue it with subjectAltName" },
	[CHECK_PURPOSE_SERVER] = { "purpose-server", FINDING_ERROR,
	  "An extendedKeyUsage that lacks serverAuth makes every client refuse the server.",
	  "issue it with serverAuth" },
	[CHECK_PURPOSE_CLIENT] = { "purpose-client", FINDING_ERROR,
	  "Milvus verifies client certificates for clientAuth: with an extendedKeyUsage that lacks it, two-way mode refuses the client.",
	  "issue it with clientAuth" },
	[CHECK_CHAIN_ORDER] = { "chain-order", FINDING_WARNING,
	  "TLS 1.2 and strict clients want the leaf first and then each certificate's issuer (RFC 5246 7.4.2).",
	  "put them in this order: leaf, then what signed it, and so on" },
	[CHECK_CHAIN_INCOMPLETE] = { "chain-incomplete", FINDING_ERROR,
	  "A peer that has the CA file only cannot build the way from the certificate up to it.",
	  "append the intermediates to the certificate's file, or use the CA that signed it" },
	[CHECK_SUBJECT_ISSUER] = { "subject-issuer", FINDING_ERROR,
	  "OpenSSL takes a certificate whose subject is its issuer's for a self-signed one; without an authorityKeyIdentifier it refuses it, and so do curl and Python.",
	  "give the CA a subject of its own" },
	[CHECK_TRUST_NOT_ROOT] = { "trust-not-root", FINDING_WARNING,
	  "OpenSSL and others trust a chain only up to a self-signed root; a file without one is refused by them.",
	  "put the root into the CA file" },
	[CHECK_CA_USAGE] = { "ca-usage", FINDING_WARNING,
	  "A CA certificate without basicConstraints CA:TRUE, or without keyUsage keyCertSign, is refused by strict verifiers (openssl verify -x509_strict, Python 3.13).",
	  "make a new CA; mica's has both" },
	[CHECK_NOT_YET_VALID] = { "not-yet-valid", FINDING_ERROR,
	  "Peers refuse a certificate before its time.",
	  "wait, or set the clocks right" },
	[CHECK_EXPIRED] = { "expired", FINDING_ERROR,
	  "Peers refuse an expired certificate: connections fail now.",
	  "issue a new one and restart" },
	[CHECK_EXPIRES_SOON] = { "expires-soon", FINDING_WARNING,
	  "When it expires, connections fail; new files need a restart of Milvus.",
	  "issue a new one now; with mica: mica apply" },
	[CHECK_LONG_LIVED] = { "long-lived", FINDING_WARNING,
	  "Milvus knows no revocation: a lost key is good until its certificate ends, and some clients refuse more than 825 days.",
	  "issue for 90 days, and renew" },
	[CHECK_REVOKED] = { "revoked", FINDING_ERROR,
	  "Milvus reads no CRL: whoever holds the key of a revoked certificate is let in until it ends; everybody else who does read it refuses the right owner.",
	  "issue a new one (mica apply); a new client CA locks the old one out: docs/generations.md" },
	[CHECK_CRL_STALE] = { "crl-stale", FINDING_WARNING,
	  "Who checks certificates by a CRL that has run out refuses all of them, or passes over what was revoked since.",
	  "bring a new one; with mica: mica apply" },
	[CHECK_CRL_FOREIGN] = { "crl-foreign", FINDING_WARNING,
	  "A CRL counts for the CA that signed it, and for no other: one that no CA beside it signed says nothing of these certificates.",
	  "put the CRL of this CA there; with mica: mica apply" },
	[CHECK_CLIENT_CERTIFICATE_DROPPED] = { "client-certificate-dropped", FINDING_ERROR,
	  "In pymilvus server_pem_path wins: the client certificate is dropped without a word, and two-way mode refuses the connection.",
	  "leave server_pem_path out" },
	[CHECK_CLIENT_CA_IGNORED] = { "client-ca-ignored", FINDING_ERROR,
	  "pymilvus ignores ca_pem_path alone and verifies by the system's CAs, or connects in plaintext.",
	  "one-way: server_pem_path = ca.pem" },
	[CHECK_CLIENT_INCOMPLETE] = { "client-incomplete", FINDING_ERROR,
	  "pymilvus takes client_pem_path, client_key_path and ca_pem_path together; of fewer it uses none.",
	  "give all three" },
	[CHECK_CLIENT_PLAINTEXT] = { "client-plaintext", FINDING_ERROR,
	  "A uri that begins with http:// connects in plaintext unless secure is set, and a server with TLS refuses it.",
	  "begin the uri with https://" },
	[CHECK_CLIENT_NO_CERTIFICATE] = { "client-no-certificate", FINDING_ERROR,
	  "In two-way mode the server refuses whoever shows no certificate.",
	  "give client_pem_path, client_key_path and ca_pem_path" },
	[CHECK_CLIENT_NAME] = { "client-name", FINDING_ERROR,
	  "The client refuses a server whose certificate does not hold the name it connects by.",
	  "connect by a name of the certificate, or set server_name to one" },
	[CHECK_CLIENT_TRUST] = { "client-trust", FINDING_ERROR,
	  "The client refuses a server that what it trusts does not verify.",
	  "give it the ca.pem of the CA that signed the server's certificate" },
	[CHECK_CLIENT_LEAF] = { "client-leaf", FINDING_WARNING,
	  "A client that trusts the server's certificate itself breaks at the first rotation, and strict verifiers refuse it today.",
	  "let it trust ca.pem" },
	[CHECK_UNREACHABLE] = { "unreachable", FINDING_ERROR,
	  "Nothing can be said of an endpoint that does not answer.",
	  "is it the right address, and is Milvus running?" },
	[CHECK_SERVED_PLAINTEXT] = { "served-plaintext", FINDING_ERROR,
	  "Milvus answers in plaintext: its configuration is not read, or a variable overrides it.",
	  "look where user.yaml must lie and at COMMON_SECURITY_TLSMODE, then restart" },
	[CHECK_SERVED_DIFFERS] = { "served-differs", FINDING_ERROR,
	  "Milvus reads its files once, at start: what it serves is not what lies there.",
	  "restart Milvus" },
	[CHECK_SERVED_UNVERIFIED] = { "served-unverified", FINDING_ERROR,
	  "Clients that trust this CA and check this name refuse the server.",
	  "serve a chain that leads to the CA, with the name that clients use" },
	[CHECK_SERVED_VERSION] = { "served-version", FINDING_WARNING,
	  "TLS 1.0 and 1.1 are broken (RFC 8996); Milvus from 2.5 on does not take them, and two-way mode is TLS 1.3 only.",
	  "use Milvus 2.5 or later" },
	[CHECK_SERVED_OPEN] = { "served-open", FINDING_ERROR,
	  "The configuration says two-way, and the server lets in whom it should refuse: it runs with another one, or trusts another CA.",
	  "restart Milvus with the configuration that was checked" },
	[CHECK_CLIENT_REFUSED] = { "client-refused", FINDING_ERROR,
	  "The server does not let in a client that should be: its CA file does not hold the client's CA, or it was not restarted since.",
	  "restart Milvus with the ca.pem of the CA that signed the client's certificate" },
	[CHECK_METRICS_OPEN] = { "metrics-open", FINDING_WARNING,
	  "Port 9091 (health, metrics, web UI) is always plain HTTP without a login, and is open beyond this machine.",
	  "publish it on 127.0.0.1 only, or let a firewall close it" },
	[CHECK_LEDGER] = { "ledger", FINDING_ERROR,
	  "The ledger is the record of everything the CA's key ever signed.",
	  "docs/backup.md: bring the state directory back" },
	[CHECK_NOT_DELIVERED] = { "not-delivered", FINDING_WARNING,
	  "What the inventory asks for is not what lies there.",
	  "mica apply" },
	[CHECK_OUTLET_DIFFERS] = { "outlet-differs", FINDING_WARNING,
	  "Milvus is told something else than the inventory says.",
	  "mica plan says what would be written, mica apply writes it" },
	[CHECK_RESTART_OWED] = { "restart-owed", FINDING_WARNING,
	  "Milvus reads its files once, at start: until then it runs with those from before, and their certificate ends first.",
	  "mica apply runs `restart`; without it restart Milvus, then mica apply" },
	[CHECK_CRL_DUE] = { "crl-due", FINDING_WARNING,
	  "Each CRL says until when it holds, and what was revoked when it was signed: a new one is due before that, and after each revocation.",
	  "mica apply, which wants the token" },
};
// clang-format on

const struct check_rule *check_rule_at(size_t i)
{
	return i < mem_count(rules) ? &rules[i] : NULL;
}

const struct check_rule *check_rule_find(const char *name)
{
	for (size_t i = 0; i < mem_count(rules); i++) {
		if (strcmp(rules[i].name, name) == 0)
			return &rules[i];
	}
	return NULL;
}

void check_say(
    struct findings *findings, enum check_id id, const struct mark *where, const char *fmt, ...)
{
	MICA_FREE char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = mem_vprintf(fmt, args);
	va_end(args);
	findings_add(
	    findings, rules[id].level, rules[id].name, where, rules[id].mend, "%s", text);
}

void check_say_as(struct findings *findings, enum check_id id, struct check_how how,
    const struct mark *where, const char *fmt, ...)
{
	MICA_FREE char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = mem_vprintf(fmt, args);
	va_end(args);
	findings_add(findings, how.level, rules[id].name, where,
	    how.hint ? how.hint : rules[id].mend, "%s", text);
}

bool check_is_public(const struct digest *spki)
{
	static const char *const keys[] = {
		"94226eaf3a8acb733dafa214dc91fbee87b787a94c9ba147c6b2f314f59cc9d7", /* server */
		"08415416c5c5af5504e3a27ec383b8baf238d3595db39e5a292079d3d49baa9a", /* client */
		"0910eccda921ace7fbb64961f976a2dca359e95e4dbecf02d47ca2d3b0e0fc05", /* ca */
	};
	BUF_AUTO hex = BUF_INIT;

	buf_addhex(&hex, spki->bytes, sizeof(spki->bytes));
	for (size_t i = 0; i < mem_count(keys); i++)
		if (strcmp(buf_text(&hex), keys[i]) == 0)
			return true;
	return false;
}
