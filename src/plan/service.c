// SPDX-License-Identifier: Apache-2.0
/* The names by which a deployment is reached where it runs; those of Compose are the service
 * and the container of upstream's docker-compose.yml. */
#include <mica/inventory.h>

enum { NAMES_MAX = 8 };

static size_t add_service(const struct inv_deployment *deployment, char **names)
{
	const char *namespace = deployment->kubernetes.namespace;
	const char *service = deployment->kubernetes.service;
	size_t n = 0;

	names[n++] = mem_strdup(service);
	names[n++] = mem_printf("%s.%s", service, namespace);
	names[n++] = mem_printf("%s.%s.svc", service, namespace);
	names[n++] = mem_printf("%s.%s.svc.cluster.local", service, namespace);
	return n;
}

char **inventory_service_names(const struct inv_deployment *deployment, size_t *ret_n)
{
	char **names = mem_array(NAMES_MAX, sizeof(*names));
	size_t n = 0;

	if (inventory_in_kubernetes(deployment)) {
		n = add_service(deployment, names);
	} else if (deployment->kind == DEPLOY_COMPOSE) {
		names[n++] = mem_strdup("standalone");
		names[n++] = mem_strdup("milvus-standalone");
	}
	if (n > 0) {
		/* a published or a forwarded port */
		names[n++] = mem_strdup("localhost");
		names[n++] = mem_strdup("127.0.0.1");
	}
	*ret_n = n;
	return names;
}
