// SPDX-License-Identifier: Apache-2.0
/* Any bytes as mica.yaml: an inventory without faults, or faults without an inventory. What it
 * asks of an inventory that was given out is what every other room relies on. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mica/inventory.h>
#include <mica/plan.h>

#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_findings(const struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *finding = &findings->items[i];

		must(finding->text[0] != '\0');
		must(!finding->file || (finding->line > 0 && finding->column > 0));
	}
}

static void check_certificate(
    const struct inventory *inventory, const struct inv_certificate *certificate)
{
	must(certificate->used && certificate->common_name);
	must(inventory_certificate(inventory, certificate->name) == certificate);
	must(certificate->profile == PROFILE_CLIENT || certificate->n_names > 0);
	must(certificate->days > 0 && certificate->backdate < certificate->days * 86400);
	must(plan_due(certificate, 0, certificate->days * 86400) > 0);
	(void)inventory_definition(certificate);
}

static void check_deployment(
    const struct inventory *inventory, const struct inv_deployment *deployment)
{
	must(inventory_deployment(inventory, deployment->name) == deployment);
	must(deployment->out && deployment->sni && deployment->mount[0] == '/');
	must(inventory->certificates[deployment->server].profile == PROFILE_SERVER);
	for (size_t i = 0; i < deployment->n_clients; i++)
		must(inventory->certificates[deployment->clients[i]].profile == PROFILE_CLIENT);
}

static void check_inventory(const struct inventory *inventory)
{
	struct entry_fact *entries = calloc(inventory->n_certificates + 1, sizeof(*entries));
	const struct plan_facts facts = { .entries = entries };
	const struct plan_options options = { .now = 1795348800 };
	struct plan *plan = NULL;
	struct err err = ERR_INIT;

	must(inventory->n_cas > 0 && inventory_issuer(inventory)->state == CA_ISSUING &&
	     inventory_issuer(inventory)->key && inventory->state_dir);
	for (size_t i = 0; i < inventory->n_certificates; i++)
		check_certificate(inventory, &inventory->certificates[i]);
	for (size_t i = 0; i < inventory->n_deployments; i++)
		check_deployment(inventory, &inventory->deployments[i]);
	must(plan_make(inventory, &facts, &options, &plan, &err) == 0);
	must(plan->signatures == inventory->n_certificates);
	plan_free(plan);
	free(entries);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct inventory *inventory = NULL;
	struct err err = ERR_INIT;

	if (inventory_parse("mica.yaml", "/etc/mica", data, size, &findings, &inventory, &err) <
	    0) {
		must(!inventory && findings.errors > 0 && err.text[0] != '\0');
	} else {
		must(findings.errors == 0);
		check_inventory(inventory);
		inventory_free(inventory);
	}
	check_findings(&findings);
	return 0;
}
