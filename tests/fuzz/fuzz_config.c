// SPDX-License-Identifier: Apache-2.0
/* Any bytes as milvus.yaml, as Helm's values and as a Milvus resource: read as Milvus reads
 * them, merged and judged, without a crash, and each finding a rule's. */
#include <stdint.h>
#include <stdlib.h>

#include <mica/check.h>
#include <mica/inventory.h>
#include <mica/mem.h>

#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_findings(const struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct check_rule *rule = check_rule_find(findings->items[i].rule);

		must(rule && findings->items[i].text[0] != '\0' && findings->items[i].hint);
		must(findings->items[i].level <= rule->level);
	}
}

static void judge(struct config *config, struct findings *findings)
{
	static const int versions[] = { MILVUS_VERSION(2, 3), MILVUS_VERSION(2, 6) };
	const struct setting *setting;

	for (size_t i = 0; (setting = config_at(config, i)); i++) {
		must(setting->value && config_find(config, setting->path));
	}
	for (size_t i = 0; i < mem_count(versions); i++)
		check_config(&(struct check_texts){
		    config, versions[i], CHECK_BASE_WHOLE, "milvus.yaml", findings });
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	MICA_AUTO(config_freep) struct config *plain = config_new();
	MICA_AUTO(config_freep) struct config *helm = config_new();
	MICA_AUTO(config_freep) struct config *resource = config_new();
	struct check_text text = { "milvus.yaml", BUF_INIT };

	buf_add(&text.text, data, size);
	config_add_file(plain, text.file, &text.text, &findings);
	check_helm(&text, helm, &findings);
	check_operator(&text, resource, &findings);
	judge(plain, &findings);
	judge(helm, &findings);
	judge(resource, &findings);
	check_findings(&findings);
	buf_clear(&text.text);
	return 0;
}
