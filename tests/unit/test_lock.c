/*
 * A locked node: it reads nothing, its memory holds nothing that could, and
 * replication goes on.
 */
#include "nodes.h"

static struct keystore *
opened_anew(struct nodes *o, size_t i, const char *passphrase, enum err_code want)
{
	struct buf file = BUF_INIT;
	struct keystore *k = NULL;
	char path[128];

	snprintf(path, sizeof(path), "%s/keystore", o->home[i]);
	SITE_OK(posix_files.read(NULL, path, KEYSTORE_BYTES_MAX, &file, err));
	CHECK_CASE(passphrase, keystore_open(&k, buf_bytes(&file), 1, BYTES_STR(passphrase), NULL), want);
	buf_free(&file);
	return k;
}

static void
unlock(struct nodes *o, struct node *n)
{
	SITE_OK(node_unlock(n, opened_anew(o, n == o->first ? 0 : 1, "fem ord om natten", ERR_OK), err));
}

static bool
all_zero(const void *p, size_t len)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < len; i++)
		if (b[i] != 0)
			return false;
	return true;
}

static void
what_opens_content_is_gone_and_what_replicates_is_not(void **state)
{
	struct nodes o;
	struct keystore *k;
	struct device_keys device;
	struct record_id id;

	(void)state;
	nodes_start(&o);
	id = nodes_id(&o);
	nodes_put(&o, o.first, &id, "title", "Hyra", NULL);
	k = node_keystore(o.first);
	device = k->device;
	node_lock(o.first);
	assert_true(node_is_locked(o.first));
	assert_null(o.first->view);
	assert_null(o.first->vault);
	assert_null(node_profile(o.first));
	assert_int_equal(k->epoch_count, 0);
	assert_null(k->epochs);
	assert_true(all_zero(k->seal, sizeof(k->seal)));
	assert_true(all_zero(k->snapshot_key, sizeof(k->snapshot_key)));
	assert_true(all_zero(k->slots, sizeof(k->slots)));
	assert_memory_equal(&k->device, &device, sizeof(device));
	assert_true(k->network_count > 0);
	assert_non_null(node_self(o.first));
	node_lock(o.first); /* twice is once */
	unlock(&o, o.first);
	assert_false(node_is_locked(o.first));
	assert_ptr_equal(node_keystore(o.first), k);
	assert_string_equal(nodes_read(o.first, &id, "title", NULL), "Hyra");
	nodes_put(&o, o.first, &id, "status", "closed", NULL);
	nodes_end(&o);
}

static size_t told;

static void
tell(void *ctx)
{
	(void)ctx;
	told++;
}

static void
a_locked_node_takes_in_and_passes_on(void **state)
{
	struct nodes o;
	struct node *dalby, *genarp;
	struct record_id id, other;

	(void)state;
	nodes_start(&o);
	dalby = nodes_join(&o, "dalby", true);
	genarp = nodes_join(&o, "genarp", true);
	nodes_meet(o.first, dalby);
	nodes_meet(o.first, genarp);
	node_on_change(o.first, tell, NULL);
	node_lock(o.first);
	id = nodes_id(&o);
	nodes_put(&o, dalby, &id, "title", "Under tiden", NULL);
	nodes_copy(dalby, o.first);
	assert_true(told > 0); /* or nobody would pass it on */
	nodes_copy(o.first, genarp);
	assert_string_equal(nodes_read(genarp, &id, "title", NULL), "Under tiden");
	unlock(&o, o.first);
	assert_string_equal(nodes_read(o.first, &id, "title", NULL), "Under tiden");
	nodes_same_state(o.first, dalby);
	other = nodes_id(&o);
	nodes_put(&o, o.first, &other, "title", "Sedan", NULL);
	nodes_meet(o.first, dalby);
	nodes_same_state(o.first, dalby);
	nodes_end(&o);
}

/* What comes while the home is opened is stored at once and shown with the rest; the end is the same as of one go. */
static void
a_home_opens_in_slices_while_others_write_to_it(void **state)
{
	struct nodes o;
	struct node *dalby, *again;
	struct home home = { 0 };
	struct record_id id, first, late = { { 0 } };
	uint64_t left, slices = 0;
	size_t at;

	(void)state;
	nodes_start(&o);
	dalby = nodes_join(&o, "dalby", true);
	first = nodes_id(&o);
	nodes_put(&o, dalby, &first, "title", "Först", NULL);
	for (int i = 0; i < 40; i++) {
		id = nodes_id(&o);
		nodes_put(&o, dalby, &id, "title", "Hyra", "en anteckning");
	}
	nodes_meet(o.first, dalby);
	node_lock(o.first);
	SITE_OK(node_begin_unlock(o.first, opened_anew(&o, 0, "fem ord om natten", ERR_OK), NULL, err));
	told = 0;
	node_on_change(o.first, tell, NULL);
	do {
		SITE_OK(node_go_on(o.first, 7, &left, err));
		if (slices++ == 2) {
			late = nodes_id(&o);
			nodes_put(&o, dalby, &late, "title", "Under tiden", NULL);
			nodes_put(&o, dalby, &first, "status", "closed", NULL);
			nodes_copy(dalby, o.first);
			assert_true(told > 0);
		}
	} while (left > 0);
	assert_true(slices > 5);
	assert_string_equal(nodes_read(o.first, &late, "title", NULL), "Under tiden");
	assert_string_equal(nodes_read(o.first, &first, "status", NULL), "closed");
	nodes_same_state(o.first, dalby);

	/* From the file, and left in the middle: it is as if it had not begun. */
	for (at = 0; o.node[at] != dalby; at++)
		;
	node_close(dalby);
	o.node[at] = NULL;
	SITE_OK(home_open(&home, o.env, o.home[at], 1, nodes_secret().secret, err));
	SITE_OK(node_begin(&again, &home, NULL, err));
	SITE_OK(node_go_on(again, 7, &left, err));
	assert_true(left > 0);
	node_close(again);
	dalby = o.node[at] = nodes_open(&o, at);
	nodes_same_state(o.first, dalby);
	nodes_end(&o);
}

static void
what_was_not_committed_is_dropped_and_a_locked_node_closes(void **state)
{
	struct nodes o;
	struct record_id id, draft;

	(void)state;
	nodes_start(&o);
	id = nodes_id(&o);
	nodes_put(&o, o.first, &id, "title", "Hyra", NULL);
	draft = nodes_id(&o);
	nodes_write(&o, o.first, &draft, "title", "Halv", NULL);
	node_lock(o.first);
	assert_null(opened_anew(&o, 0, "fel ord", ERR_PASSPHRASE));
	unlock(&o, o.first);
	assert_string_equal(nodes_read(o.first, &id, "title", NULL), "Hyra");
	assert_string_equal(nodes_read(o.first, &draft, "title", NULL), "");
	node_lock(o.first);
	nodes_end(&o);
}

static void
the_keystore_of_another_device_does_not_unlock(void **state)
{
	struct nodes o;
	struct node *dalby;
	struct record_id id;

	(void)state;
	nodes_start(&o);
	dalby = nodes_join(&o, "dalby", true);
	id = nodes_id(&o);
	nodes_put(&o, dalby, &id, "title", "Hyra", NULL);
	node_lock(dalby);
	assert_int_equal(node_unlock(dalby, opened_anew(&o, 0, "fem ord om natten", ERR_OK), NULL), ERR_DAMAGED);
	assert_true(node_is_locked(dalby));
	unlock(&o, dalby);
	assert_string_equal(nodes_read(dalby, &id, "title", NULL), "Hyra");
	nodes_end(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_opens_content_is_gone_and_what_replicates_is_not),
		cmocka_unit_test(a_locked_node_takes_in_and_passes_on),
		cmocka_unit_test(a_home_opens_in_slices_while_others_write_to_it),
		cmocka_unit_test(what_was_not_committed_is_dropped_and_a_locked_node_closes),
		cmocka_unit_test(the_keystore_of_another_device_does_not_unlock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
