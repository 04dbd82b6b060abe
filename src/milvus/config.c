// SPDX-License-Identifier: Apache-2.0
#include <mica/config.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <mica/check_rules.h>

enum {
	MOST_NODES =
	    200000, /* what aliases may blow a text up to; yaml.v2 refuses it as well */
	MOST_DEPTH = 4 * DOC_MAX_DEPTH,
	MOST_PATH = 4096, /* no key of Milvus is a tenth of it */
};

struct config {
	struct setting *items; /* what is later wins */
	size_t n, cap;
	char **files; /* what marks point to */
	size_t n_files, cap_files;
};

struct config *config_new(void)
{
	return mem_zalloc(sizeof(struct config));
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->n; i++) {
		free(config->items[i].key);
		free(config->items[i].path);
		free(config->items[i].value);
	}
	for (size_t i = 0; i < config->n_files; i++)
		free(config->files[i]);
	free(config->items);
	free(config->files);
	free(config);
}

char *config_key(const char *path)
{
	char *key = mem_strdup(path);
	char *to = key;

	for (const char *from = path; *from; from++) {
		if (*from != '/' && *from != '_' && *from != '.')
			*to++ = (char)tolower((unsigned char)*from);
	}
	*to = '\0';
	return key;
}

static const char *own_file(struct config *config, const char *file)
{
	if (config->n_files > 0 && strcmp(config->files[config->n_files - 1], file) == 0)
		return config->files[config->n_files - 1];
	config->files = mem_grow(
	    config->files, &config->cap_files, config->n_files + 1, sizeof(*config->files));
	return config->files[config->n_files++] = mem_strdup(file);
}

static void append(struct config *config, const struct setting *setting)
{
	config->items =
	    mem_grow(config->items, &config->cap, config->n + 1, sizeof(*config->items));
	config->items[config->n++] = *setting;
}

/* --- files ----------------------------------------------------------------------- */

struct flattening {
	struct config *config;
	struct findings *findings;
	size_t nodes;
	bool told; /* that there are too many */
};

static void flatten(
    struct flattening *flat, const char *prefix, const struct doc_node *node, unsigned depth);

static void add_value(
    struct flattening *flat, const char *path, const struct doc_node *node, char *value)
{
	const struct setting setting = {
		.key = config_key(path),
		.path = mem_strdup(path),
		.value = value,
		.source = SETTING_FILE,
		.mark = { own_file(flat->config, node->mark.file), node->mark.line,
		    node->mark.column },
	};

	append(flat->config, &setting);
}

/* A list of scalars is their texts with commas between; other lists are none of ours. */
static char *list_text(const struct doc_node *list)
{
	BUF_AUTO text = BUF_INIT;

	for (size_t i = 0; i < list->n; i++) {
		MICA_FREE char *item =
		    list->items[i]->kind == DOC_SCALAR ? config_value(list->items[i]) : NULL;

		if (item)
			buf_printf(&text, "%s%s", text.len > 0 ? "," : "", item);
	}
	return mem_strdup(buf_text(&text));
}

/* Which keys of a map a later one of the same text replaces; the first of them is told. */
static bool is_replaced(
    const struct doc_node *const *keys, size_t n, const struct doc_node *key)
{
	size_t low = 0;
	size_t high = n;

	while (low < high) { /* to behind the last of this text */
		size_t middle = low + (high - low) / 2;

		if (strcmp(keys[middle]->text, key->text) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && keys[low - 1] != key;
}

static void tell_duplicates(
    struct flattening *flat, const char *prefix, const struct doc_node *const *keys, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		MICA_FREE char *path = NULL;

		if (strcmp(keys[i - 1]->text, keys[i]->text) != 0)
			continue;
		path = mem_printf("%s%s%s", prefix, prefix[0] ? "." : "", keys[i]->text);
		check_duplicate(flat->findings, path, &keys[i]->mark, keys[i - 1]->mark.line);
	}
}

static void flatten_map(
    struct flattening *flat, const char *prefix, const struct doc_node *map, unsigned depth)
{
	size_t n = 0;
	MICA_FREE const struct doc_node **keys = doc_sorted_keys(map, &n);

	tell_duplicates(flat, prefix, keys, n);
	for (size_t i = 0; i < map->n; i++) {
		const struct doc_node *key = map->keys[i];
		MICA_FREE char *path = NULL;

		if (key->kind != DOC_SCALAR || is_replaced(keys, n, key))
			continue;
		if (!key->quoted && strcmp(key->text, "<<") == 0) /* a map that is merged in */
			path = mem_strdup(prefix);
		else
			path = mem_printf("%s%s%s", prefix, prefix[0] ? "." : "", key->text);
		flatten(flat, path, map->items[i], depth + 1);
	}
}

/* A list becomes one text, but is as long as all of its items. */
static size_t size_of(const struct doc_node *node)
{
	return node->kind == DOC_LIST ? 1 + node->n : 1;
}

static void flatten(
    struct flattening *flat, const char *prefix, const struct doc_node *node, unsigned depth)
{
	flat->nodes += size_of(node);
	if (flat->nodes > MOST_NODES || depth > MOST_DEPTH || strlen(prefix) > MOST_PATH) {
		if (!flat->told)
			check_unreadable(flat->findings, &node->mark,
			    "aliases make it grow beyond all measure");
		flat->told = true;
		return;
	}
	if (node->kind == DOC_MAP)
		flatten_map(flat, prefix, node, depth);
	else if (prefix[0] != '\0')
		add_value(flat, prefix, node,
		    node->kind == DOC_LIST ? list_text(node) : config_value(node));
}

/* A later value of the same file does not win over an earlier one of another spelling: Go's
 * maps have no order. Which of them counts is chance. */
static int by_key(const void *a, const void *b)
{
	const struct setting *left = a;
	const struct setting *right = b;
	const int order = strcmp(left->key, right->key);

	if (order != 0)
		return order;
	return left->mark.line != right->mark.line
	           ? (left->mark.line > right->mark.line) - (left->mark.line < right->mark.line)
	           : left->mark.column - right->mark.column;
}

static void tell_collisions(const struct config *config, size_t from, struct findings *findings)
{
	const size_t n = config->n - from;
	MICA_FREE struct setting *sorted = mem_array(n + 1, sizeof(*sorted));

	if (n < 2)
		return;
	memcpy(sorted, config->items + from, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_key);
	for (size_t i = 1; i < n; i++) {
		if (strcmp(sorted[i - 1].key, sorted[i].key) == 0 &&
		    strcmp(sorted[i - 1].path, sorted[i].path) != 0)
			check_collision(findings, &sorted[i - 1], &sorted[i]);
	}
}

void config_add_node(
    struct config *config, const struct doc_node *node, struct findings *findings)
{
	struct flattening flat = { .config = config, .findings = findings };
	const size_t before = config->n;

	flatten(&flat, "", node, 0);
	tell_collisions(config, before, findings);
}

void config_add_file(
    struct config *config, const char *file, const struct buf *text, struct findings *findings)
{
	FINDINGS_AUTO faults = FINDINGS_INIT;
	MICA_AUTO(doc_freep)
	struct doc *doc = doc_read_loose(file, text->data, text->len, &faults);
	const struct mark start = { file, 1, 1 };

	for (size_t i = 0; i < faults.n; i++) {
		const struct finding *fault = &faults.items[i];
		const struct mark mark = { file, fault->line, fault->column };

		check_unreadable(findings, &mark, fault->text);
	}
	if (!doc || !doc_root(doc))
		return;
	if (doc_root(doc)->kind != DOC_MAP)
		check_unreadable(findings, &start, "it is not a map of keys and values");
	else
		config_add_node(config, doc_root(doc), findings);
}

/* --- variables ------------------------------------------------------------------- */

int config_add_variable(struct config *config, const char *text, struct err *err)
{
	static const char prefix[] = "MILVUS_CONF_";
	const char *equals = strchr(text, '=');
	MICA_FREE char *name = equals ? mem_dup(text, (size_t)(equals - text)) : NULL;
	struct setting setting = { .source = SETTING_VARIABLE };
	const char *key;

	if (!name || name[0] == '\0') {
		err_set(err, ERR_USAGE, "'%s' is not a variable", text);
		return err_hint(
		    err, "write KEY=VALUE; KEY= is a variable that is set, and empty");
	}
	key = strncmp(name, prefix, sizeof(prefix) - 1) == 0 ? name + sizeof(prefix) - 1 : name;
	setting.key = config_key(strncasecmp(key, "milvus.", 7) == 0 ? key + 7 : key);
	setting.path = mem_strdup(name);
	setting.value = mem_strdup(equals + 1);
	setting.mark.file = own_file(config, name);
	append(config, &setting);
	return 0;
}

/* --- looking up ------------------------------------------------------------------ */

const struct setting *config_at(const struct config *config, size_t i)
{
	return i < config->n ? &config->items[i] : NULL;
}

static const struct setting *find(
    const struct config *config, const char *path, enum setting_source most)
{
	MICA_FREE char *key = config_key(path);

	for (size_t i = config->n; i > 0; i--) {
		const struct setting *setting = &config->items[i - 1];

		if (setting->source <= most && strcmp(setting->key, key) == 0)
			return setting;
	}
	return NULL;
}

const struct setting *config_find(const struct config *config, const char *path)
{
	return find(config, path, SETTING_VARIABLE);
}

const struct setting *config_find_in_files(const struct config *config, const char *path)
{
	return find(config, path, SETTING_FILE);
}
