#include "provider/truth.h"
#include "common/memory.h"
#include "provider/moment.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

void truth_release(struct truth *truth)
{
	for (size_t i = 0; i < truth->flagged.count; i++)
		free(truth->flagged.entries[i]);
	table_release(&truth->flagged);
	id_set_release(&truth->acknowledged);
	id_set_release(&truth->cheating);
	free(truth->hits_topic);
	free(truth->verdicts_topic);
	*truth = (struct truth){0};
}

static void flag(struct truth *truth, const char *id)
{
	if (table_find(&truth->flagged, ump_text(id)))
		return;
	size_t size = strlen(id) + 1;
	struct truth_player *player = ump_allocate(1, sizeof *player + size);
	memcpy(player->id, id, size);
	player->entry.name = ump_text(player->id);
	table_add(&truth->flagged, &player->entry);
}

void truth_acknowledged(struct truth *truth, uint64_t sequence, bool cheating, const char *player)
{
	id_set_add(&truth->acknowledged, sequence);
	if (sequence > truth->events)
		truth->events = sequence;
	if (!cheating)
		return;
	id_set_add(&truth->cheating, sequence);
	flag(truth, player);
}

/* ---- Writing ---- */

static json_t *time_of(int64_t us)
{
	char text[MOMENT_SIZE];
	moment_write(text, us);
	return json_string(text);
}

static json_t *to_json(const struct truth *truth)
{
	json_t *failed = json_array(), *flagged = json_array(), *cheating = json_array();
	for (uint64_t id = 1; id <= truth->events; id++)
		if (!id_set_has(&truth->acknowledged, id))
			json_array_append_new(failed, json_integer((json_int_t)id));
	for (size_t i = 0; i < truth->flagged.count; i++)
		json_array_append_new(flagged, json_string(((struct truth_player *)truth->flagged.entries[i])->id));
	for (uint64_t id = id_set_next(&truth->cheating, 0); id != UINT64_MAX; id = id_set_next(&truth->cheating, id + 1))
		json_array_append_new(cheating, json_integer((json_int_t)id));
	char source[RUN_SOURCE_SIZE];
	run_source(source, truth->run);
	return json_pack("{s:i, s:s, s:s, s:I, s:o, s:o, s:s, s:{s:s, s:s}, s:b, s:I, s:o, s:o, s:o}", "version", 1, "run", truth->run,
			 "source", source, "seed", (json_int_t)truth->seed, "epoch", time_of(truth->epoch_us), "started",
			 time_of(truth->started_us), "preset", truth->preset, "topics", "hits", truth->hits_topic, "verdicts",
			 truth->verdicts_topic, "complete", truth->complete, "events", (json_int_t)truth->events, "failed", failed,
			 "flagged", flagged, "cheating", cheating);
}

/* To the disk before it takes the old one's place: after a crash there is either, never half of one. */
static int replace_file(const char *path, const char *text, struct ump_error *error)
{
	ump_cleanup_free char *temporary = ump_format("%s.%ld", path, (long)getpid());
	int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (file < 0)
		return ump_fail(error, UMP_FATAL, "%s: cannot be written: %s", temporary, strerror(errno));
	size_t size = strlen(text);
	ssize_t written = 0;
	for (size_t done = 0; done < size && written >= 0; done += (size_t)(written > 0 ? written : 0))
		written = write(file, text + done, size - done);
	int failed = written < 0 || fsync(file);
	failed |= close(file);
	if (!failed && rename(temporary, path) == 0)
		return 0;
	ump_fail(error, UMP_FATAL, "%s: cannot be written: %s", path, strerror(errno));
	unlink(temporary);
	return -1;
}

int truth_save(const struct truth *truth, const char *path, struct ump_error *error)
{
	json_t *root = to_json(truth);
	char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	if (!text)
		return ump_fail(error, UMP_FATAL, "%s: the truth cannot be put into JSON", path);
	int result = replace_file(path, text, error);
	free(text);
	return result;
}

/* ---- Reading ---- */

static int read_ids(const json_t *array, struct id_set *set, const char *name, struct ump_error *error)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		json_int_t id = json_integer_value(json_array_get(array, i));
		if (id < 1 || (uint64_t)id > SIMULATOR_EVENTS)
			return ump_fail(error, UMP_REJECT, "%s: element %zu: expected an id from 1 to %llu", name, i,
					(unsigned long long)SIMULATOR_EVENTS);
		id_set_add(set, (uint64_t)id);
	}
	return 0;
}

static int read_players(struct truth *truth, const json_t *array, struct ump_error *error)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *id = json_string_value(json_array_get(array, i));
		if (!id)
			return ump_fail(error, UMP_REJECT, "flagged: element %zu: expected a player's id", i);
		flag(truth, id);
	}
	return 0;
}

static int from_json(struct truth *truth, json_t *root, struct ump_error *error)
{
	const char *run, *epoch, *started, *preset, *hits, *verdicts;
	json_int_t version, seed, events;
	json_t *failed, *flagged, *cheating;
	int complete;
	json_error_t problem;
	if (json_unpack_ex(root, &problem, 0, "{s:I, s:s, s:I, s:s, s:s, s:s, s:{s:s, s:s}, s:b, s:I, s:o, s:o, s:o}", "version", &version,
			   "run", &run, "seed", &seed, "epoch", &epoch, "started", &started, "preset", &preset, "topics", "hits", &hits,
			   "verdicts", &verdicts, "complete", &complete, "events", &events, "failed", &failed, "flagged", &flagged,
			   "cheating", &cheating))
		return ump_fail(error, UMP_REJECT, "%s", problem.text);
	if (version != 1)
		return ump_fail(error, UMP_REJECT, "version: expected 1, found %lld", (long long)version);
	if (run_check(run, error))
		return ump_error_prefix(error, "run");
	if (!moment_read(epoch, &truth->epoch_us) || !moment_read(started, &truth->started_us))
		return ump_fail(error, UMP_REJECT, "epoch and started: expected RFC 3339 times");
	if (events < 0 || (uint64_t)events > SIMULATOR_EVENTS)
		return ump_fail(error, UMP_REJECT, "events: expected 0 to %llu", (unsigned long long)SIMULATOR_EVENTS);
	snprintf(truth->run, sizeof truth->run, "%s", run);
	snprintf(truth->preset, sizeof truth->preset, "%s", preset);
	truth->hits_topic = ump_copy_string(hits);
	truth->verdicts_topic = ump_copy_string(verdicts);
	truth->seed = (uint64_t)seed;
	truth->events = (uint64_t)events;
	truth->complete = complete;

	struct id_set lost = {0};
	int result = read_ids(failed, &lost, "failed", error);
	for (uint64_t id = 1; !result && id <= truth->events; id++)
		if (!id_set_has(&lost, id))
			id_set_add(&truth->acknowledged, id);
	id_set_release(&lost);
	return result || read_ids(cheating, &truth->cheating, "cheating", error) || read_players(truth, flagged, error) ? -1 : 0;
}

int truth_load(struct truth *ret_truth, const char *path, struct ump_error *error)
{
	json_error_t problem;
	if (access(path, F_OK))
		return ump_fail(error, UMP_RETRY, "%s: %s", path, strerror(errno));
	json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &problem);
	if (!root)
		return ump_fail(error, UMP_REJECT, "%s:%d: %s", path, problem.line, problem.text);
	struct truth truth = {0};
	int result = from_json(&truth, root, error);
	json_decref(root);
	if (result) {
		truth_release(&truth);
		return ump_error_prefix(error, "%s", path);
	}
	*ret_truth = truth;
	return 0;
}
