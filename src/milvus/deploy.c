// SPDX-License-Identifier: Apache-2.0
/* deploy.md: how the outlets of Kubernetes get there. Every block runs as it is printed. */
#include "render.h"

#include <stdlib.h>
#include <string.h>

#include <mica/file.h>
#include <mica/mem.h>

#define REPOSITORY "https://zilliztech.github.io/milvus-helm"
/* within an option and at its end */
#define NEXT " \\\n    "
/* between two commands, of which the second does harm without the first: pods that wait for
 * a Secret, and a Secret that pods wait for */
#define THEN " &&\n"

/* --- commands --------------------------------------------------------------------------- */

static void add_file(const char *option, const char *out, const char *file, struct buf *ret)
{
	MICA_FREE char *path = mem_printf("%s/%s", out, file);

	buf_printf(ret, "%s ", option);
	render_shell(ret, path);
}

/* On the server's side: the other way would keep a copy of the key in an annotation. */
static void add_secret(const char *out, struct buf *ret)
{
	buf_addstr(ret, "kubectl apply --server-side");
	add_file(" --filename", out, "secret.yaml", ret);
}

/* The chart that is there stays: another would be another Milvus. */
static void add_upgrade(
    const struct inv_kubernetes *kubernetes, const char *out, struct buf *ret)
{
	buf_printf(ret,
	    "helm upgrade %s milvus --repo " REPOSITORY NEXT "--namespace %s" NEXT
	    "--version \"$(helm list --namespace %s --filter '^%s$' --output yaml |" NEXT
	    "    sed -n 's/.*chart: milvus-//p')\"" NEXT "--reset-then-reuse-values",
	    kubernetes->release, kubernetes->namespace, kubernetes->namespace,
	    kubernetes->release);
	add_file(" --values", out, "values.yaml", ret);
}

static void add_install(
    const struct inv_kubernetes *kubernetes, const char *out, struct buf *ret)
{
	buf_printf(ret, "helm install %s milvus --repo " REPOSITORY NEXT "--namespace %s",
	    kubernetes->release, kubernetes->namespace);
	add_file(" --values", out, "values.yaml", ret);
}

static void add_resource(
    const struct inv_kubernetes *kubernetes, const char *out, struct buf *ret)
{
	if (!kubernetes->patch) {
		buf_addstr(ret, "kubectl apply --server-side --field-manager mica");
		add_file(" --filename", out, "milvus.yaml", ret);
		return;
	}
	buf_printf(ret, "kubectl patch milvus %s --namespace %s --type merge",
	    kubernetes->release, kubernetes->namespace);
	add_file(" --patch-file", out, "milvus.patch.yaml", ret);
}

static void add_change(
    const struct inv_deployment *deployment, const char *out, struct buf *ret)
{
	if (deployment->kind == DEPLOY_HELM)
		add_upgrade(&deployment->kubernetes, out, ret);
	else
		add_resource(&deployment->kubernetes, out, ret);
}

/* What stands on several lines in a page, on one. */
static char *one_line(const struct buf *command)
{
	BUF_AUTO line = BUF_INIT;

	for (const char *at = buf_text(command); *at;) {
		if (strncmp(at, NEXT, sizeof(NEXT) - 1) == 0) {
			at += sizeof(NEXT) - 1;
			at += strspn(at, " ");
			buf_addstr(&line, " ");
		} else {
			buf_add(&line, at++, 1);
		}
	}
	return mem_strdup(buf_text(&line));
}

int milvus_steps(
    const struct inv_deployment *deployment, char ***ret, size_t *ret_n, struct err *err)
{
	MICA_FREE char *out = NULL;
	BUF_AUTO secret = BUF_INIT;
	BUF_AUTO change = BUF_INIT;
	char **steps;

	*ret_n = 0;
	*ret = NULL;
	if (!inventory_in_kubernetes(deployment))
		return 0;
	if (file_absolute(deployment->out, &out, err) < 0)
		return -1;
	add_secret(out, &secret);
	add_change(deployment, out, &change);
	steps = mem_array(2, sizeof(*steps));
	steps[(*ret_n)++] = one_line(&secret);
	steps[(*ret_n)++] = one_line(&change);
	*ret = steps;
	return 0;
}

/* --- words ------------------------------------------------------------------------------ */

static void begin_block(struct buf *ret)
{
	buf_addstr(ret, "```sh\n");
}

static void end_block(struct buf *ret)
{
	buf_addstr(ret, "\n```\n\n");
}

static void add_intro(const struct site *site, struct buf *ret)
{
	const struct inv_kubernetes *kubernetes = &site->deployment->kubernetes;

	buf_printf(ret,
	    "# The Milvus deployment %s in Kubernetes\n\n"
	    "<!-- Written by mica; do not edit: change mica.yaml and run `mica apply`. -->\n\n"
	    "The files of `tls/` get to the pods in the Secret `",
	    site->deployment->name);
	render_secret_name(site, ret);
	buf_printf(ret,
	    "`, in the namespace `%s`.\n"
	    "It is never changed: each delivery has one of its own, under a name of its own. "
	    "Every "
	    "block\n"
	    "below runs as it is printed.\n\n",
	    kubernetes->namespace);
}

static const char HELM_NOTES[] =
    "The chart stays at its version, and what the release was given before is kept, but for "
    "what\n"
    "`values.yaml` says (Helm 3.14 or later). Helm does not put lists together: if your own "
    "values\n"
    "have `volumes` or `volumeMounts`, give Helm a file after this one in which both lists "
    "are\n"
    "whole. `extraConfigFiles` is one text in the same way, and with `customConfigMap` the "
    "chart\n"
    "does not read it at all.\n\n";

static const char HELM_PROXY[] =
    "The charts of this Milvus can mount files into the proxy alone. So the release must be a\n"
    "cluster (`cluster.enabled: true`, as it is when nothing is said).\n\n";

static const char RESOURCE_NOTES[] =
    "Mode, images and dependencies are not in `milvus.yaml`: they stay as they are. Where "
    "another\n"
    "tool has set a field that mica sets too, Kubernetes tells of the conflict and changes "
    "nothing.\n"
    "One that is not there is made, as the operator makes them when it is told nothing else.\n";

static const char PATCH_NOTES[] =
    "A merge patch replaces lists. This must name no volume but `" KUBERNETES_VOLUME
    "`, or what is named\n"
    "has to be in the patch as well, in a copy of it:\n\n";

static const char OPERATOR_NOTES[] =
    "A component that has `volumes` of its own takes none of those for all components.\n\n";

static void add_first(const struct site *site, struct buf *ret)
{
	const struct inv_deployment *deployment = site->deployment;

	buf_addstr(ret, "## A new release\n\n"
	                "The namespace must be there (`kubectl create namespace ");
	buf_printf(ret,
	    "%s`), and the Secret. Add your own `--values`\n"
	    "before this one, and with `--version` the chart that has your Milvus:\n\n",
	    deployment->kubernetes.namespace);
	begin_block(ret);
	add_secret(site->out, ret);
	buf_addstr(ret, THEN);
	add_install(&deployment->kubernetes, site->out, ret);
	end_block(ret);
}

static void add_guard(const struct site *site, struct buf *ret)
{
	const struct inv_kubernetes *kubernetes = &site->deployment->kubernetes;

	buf_addstr(ret, PATCH_NOTES);
	begin_block(ret);
	buf_printf(ret,
	    "kubectl get milvus %s --namespace %s" NEXT
	    "--output jsonpath='{.spec.components.volumes[*].name}'",
	    kubernetes->release, kubernetes->namespace);
	end_block(ret);
}

static void add_each(const struct site *site, struct buf *ret)
{
	const struct inv_deployment *deployment = site->deployment;

	buf_addstr(ret, "## After each delivery\n\n");
	begin_block(ret);
	add_secret(site->out, ret);
	buf_addstr(ret, THEN);
	add_change(deployment, site->out, ret);
	end_block(ret);
	if (deployment->kind == DEPLOY_HELM) {
		buf_addstr(ret, HELM_NOTES);
		return;
	}
	if (deployment->kubernetes.patch)
		add_guard(site, ret);
	else
		buf_addstr(ret, RESOURCE_NOTES);
	buf_addstr(ret, OPERATOR_NOTES);
}

/* The chart's Service has gRPC alone. Merged by port, so again is no change. */
static void add_rest(const struct site *site, struct buf *ret)
{
	const struct inv_deployment *deployment = site->deployment;
	const int port = deployment->rest_port;

	if (deployment->kind != DEPLOY_HELM || port == 0)
		return;
	buf_addstr(
	    ret, "## REST\n\nThe chart's Service has gRPC alone. Once for a release:\n\n");
	begin_block(ret);
	buf_printf(ret,
	    "kubectl patch service %s --namespace %s" NEXT
	    "--patch '{\"spec\": {\"ports\": [{\"name\": \"rest\", \"port\": %d, "
	    "\"targetPort\": %d}]}}'",
	    deployment->kubernetes.service, deployment->kubernetes.namespace, port, port);
	end_block(ret);
}

/* Of the chart, Woodpecker's pods mount what all pods mount. */
static void add_old(const struct site *site, struct buf *ret)
{
	const struct inv_kubernetes *kubernetes = &site->deployment->kubernetes;
	const char *kinds =
	    site->deployment->kind == DEPLOY_HELM ? "deployment,statefulset" : "deployment";

	buf_addstr(ret,
	    "## The Secrets before it\n\n"
	    "When every pod has been replaced, and not before: one that starts needs its "
	    "Secret.\n\n");
	begin_block(ret);
	if (site->deployment->kind == DEPLOY_OPERATOR)
		buf_printf(ret,
		    "kubectl wait milvus %s --namespace %s --for condition=MilvusUpdated "
		    "--timeout 30m" THEN,
		    kubernetes->release, kubernetes->namespace);
	buf_printf(ret,
	    "kubectl rollout status %s --namespace %s" NEXT
	    "--selector app.kubernetes.io/instance=%s,app.kubernetes.io/name=milvus "
	    "--timeout 30m" THEN,
	    kinds, kubernetes->namespace, kubernetes->release);
	buf_printf(ret,
	    "kubectl delete secret --namespace %s" NEXT
	    "--selector 'app.kubernetes.io/managed-by=mica,app.kubernetes.io/instance=%s,"
	    "mica-deployment=%s,mica-generation!=%s'",
	    kubernetes->namespace, kubernetes->release, site->deployment->name,
	    site->generation);
	buf_addstr(ret, "\n```\n");
}

void render_deploy(const struct site *site, struct buf *ret)
{
	const bool helm = site->deployment->kind == DEPLOY_HELM;

	add_intro(site, ret);
	if (helm && site->deployment->version < MILVUS_VERSION(2, 5))
		buf_addstr(ret, HELM_PROXY);
	if (helm)
		add_first(site, ret);
	add_each(site, ret);
	add_rest(site, ret);
	add_old(site, ret);
}
