// SPDX-License-Identifier: Apache-2.0
/* keys: mica.yaml as it is written: one struct for each kind of map, filled by the schema
 * tables. */
#ifndef MICA_PLAN_KEYS_H
#define MICA_PLAN_KEYS_H

#include <mica/schema.h>

/* Summaries are one line of the manual; a test compares them with mica.yaml(5). */

struct subject_keys {
	struct schema_head head;
	struct schema_value attributes[6];
};

struct ca_keys {
	struct schema_head head;
	struct schema_value name, state, module, module_args, key, pin, touch, algorithm, days,
	    certificate, cross_sign, parent, permitted_dns, crl_days;
	struct subject_keys subject;
};

/* What defaults and a certificate have in common. */
struct life_keys {
	struct schema_value algorithm, days, renew_before, backdate;
};

struct defaults_keys {
	struct schema_head head;
	struct life_keys life;
};

struct certificate_keys {
	struct schema_head head;
	struct schema_value name, profile, common_name, dns, ip, csr;
	struct life_keys life;
};

struct dependency_keys {
	struct schema_head head;
	struct schema_value ca, cert, key, min_version, sasl;
};

struct dependencies_keys {
	struct schema_head head;
	struct dependency_keys of[4]; /* by enum dependency_kind */
};

struct cdc_keys {
	struct schema_head head;
	struct schema_value ca, cert, key;
};

struct milvus_keys {
	struct schema_head head;
	struct schema_value name, kind, version, out, server, clients, tls_mode, internal_tls,
	    sni, rest_port, mount, owner, key_mode, keep, endpoints, milvus_yaml, restart,
	    deadline, namespace, release, labels, secret_form, service_names, patch;
	struct dependencies_keys dependencies;
	struct schema_array cdc;
};

struct inventory_keys {
	struct schema_head head;
	struct schema_value version, state_dir, trust, shared_trust;
	struct schema_array cas, certificates, milvus;
	struct defaults_keys defaults;
};

/* Numbers that a key falls back to when it was left out: "not said". */
enum { KEYS_LEFT_OUT = -1 };

const struct schema *inventory_schema(void);
extern const struct schema keys_dependencies, keys_cdc;

#endif
