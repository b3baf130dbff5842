#include "sim/office_internal.h"

/* Of radrum's types those that the operations here ask for, with the fields that they write. */
static const char profile[] =
	"{\"profile\":\"simulated-office\",\"version\":1,"
	"\"lists\":[{\"name\":\"booking_status\",\"choices\":[{\"code\":\"requested\"},{\"code\":\"booked\"},{\"code\":\"done\"},{\"code\":\"no_show\"},{\"code\":\"cancelled\"},{\"code\":\"rebooked\"}]}],"
	"\"units\":{\"booking\":\"bookings\"},"
	"\"types\":[{\"number\":2,\"name\":\"site\",\"group\":\"open\",\"class\":\"open\",\"fields\":[{\"number\":1,\"name\":\"name\",\"type\":\"text\"},{\"number\":40,\"name\":\"book_keeper\",\"type\":\"text\"}]},"
	"{\"number\":10,\"name\":\"case\",\"group\":\"own\",\"class\":\"content\",\"notes\":true,\"retention\":{\"months\":24,\"from\":\"closed\"},\"fields\":[{\"number\":1,\"name\":\"status\",\"type\":\"text\"},{\"number\":2,\"name\":\"closed\",\"type\":\"date\",\"class\":\"statistics\"}]},"
	"{\"number\":14,\"name\":\"booking\",\"group\":{\"field\":\"case\"},\"class\":\"ephemeral\",\"retention\":{\"days\":30,\"from\":\"date\"},\"fields\":[{\"number\":1,\"name\":\"case\",\"type\":\"ref\",\"ref\":\"case\"},{\"number\":2,\"name\":\"site\",\"type\":\"ref\",\"ref\":\"site\"},{\"number\":3,\"name\":\"date\",\"type\":\"date\",\"class\":\"statistics\"},{\"number\":4,\"name\":\"time\",\"type\":\"time\"},{\"number\":5,\"name\":\"code\",\"type\":\"text\"},{\"number\":6,\"name\":\"language\",\"type\":\"text\"},{\"number\":7,\"name\":\"minutes\",\"type\":\"integer\"},{\"number\":8,\"name\":\"status\",\"type\":\"choice\",\"list\":\"booking_status\",\"class\":\"statistics\"},{\"number\":9,\"name\":\"ical_uid\",\"type\":\"text\"}]},"
	"{\"number\":24,\"name\":\"retention_run\",\"group\":\"own\",\"class\":\"content\",\"retention\":{\"keep\":true},\"fields\":[{\"number\":1,\"name\":\"date\",\"type\":\"date\"},{\"number\":3,\"name\":\"before\",\"type\":\"date\"},{\"number\":4,\"name\":\"count\",\"type\":\"integer\"},{\"number\":5,\"name\":\"dry_run\",\"type\":\"bool\"},{\"number\":6,\"name\":\"by\",\"type\":\"text\"}]},"
	"{\"number\":25,\"name\":\"report_run\",\"group\":\"open\",\"class\":\"open\",\"fields\":[{\"number\":1,\"name\":\"report\",\"type\":\"text\"},{\"number\":2,\"name\":\"from\",\"type\":\"date\"},{\"number\":3,\"name\":\"to\",\"type\":\"date\"},{\"number\":4,\"name\":\"rules\",\"type\":\"text\"},{\"number\":5,\"name\":\"profile_version\",\"type\":\"integer\"},{\"number\":6,\"name\":\"sources\",\"type\":\"text\"},{\"number\":7,\"name\":\"suppression\",\"type\":\"text\"},{\"number\":8,\"name\":\"cells\",\"type\":\"text\"},{\"number\":9,\"name\":\"digest\",\"type\":\"text\"},{\"number\":10,\"name\":\"signed\",\"type\":\"text\",\"shape\":\"set\"},{\"number\":11,\"name\":\"supersedes\",\"type\":\"ref\",\"ref\":\"report_run\"},{\"number\":60,\"name\":\"site\",\"type\":\"text\"},{\"number\":61,\"name\":\"recipient\",\"type\":\"text\"}]},"
	"{\"number\":60,\"name\":\"retention_order\",\"group\":\"open\",\"class\":\"open\",\"fields\":[{\"number\":1,\"name\":\"until\",\"type\":\"date\"},{\"number\":2,\"name\":\"reason\",\"type\":\"text\"},{\"number\":3,\"name\":\"approved\",\"type\":\"bool\"},{\"number\":4,\"name\":\"ended\",\"type\":\"bool\"}]}],"
	"\"reports\":[{\"name\":\"booked\",\"sections\":[{\"id\":\"all\"}],\"lines\":[{\"id\":\"B1\",\"section\":\"all\",\"unit\":\"bookings\",\"measure\":\"count\",\"class\":\"person\",\"type\":\"booking\",\"date\":\"date\",\"where\":[{\"field\":\"status\",\"is\":[\"booked\"]}],\"rule\":{\"sv\":\"Bokade tider.\",\"en\":\"Times booked.\"}}]}]}";

static bool
begin(void *play)
{
	struct office *o = play;
	struct staff *s = &o->staff;
	struct err err = ERR_INIT;
	json_t *site;

	site = staff_ask(s, 0, "put", json_pack("{s:s,s:{s:s}}", "type", "site", "set", "name", OFFICE_SITE), NULL, &err);
	if (site == NULL)
		return staff_fail(s, "I9", "the site cannot be saved: %s", err.text);
	json_decref(site);
	site = staff_ask(s, 0, "booking keep", json_pack("{s:s}", "site", OFFICE_SITE), NULL, &err);
	if (site == NULL)
		return staff_fail(s, "I9", "nobody can keep the book: %s", err.text);
	json_decref(site);
	return staff_settle(s);
}

void
office_play(const struct play_options *options, struct play_report *out)
{
	static const struct staff_house house = {
		.word = "office", .profile = profile, .stations = OFFICE_STATIONS, .coordinators = OFFICE_COORDINATORS, .act_count = OFFICE_ACT_COUNT,
		.rounds = OFFICE_ROUNDS, .acts = office_acts, .begin = begin, .judge = office_judge,
	};
	struct office o = { .cases = NULL };

	staff_play(&o.staff, &o, &house, options, out);
	staff_free(&o.staff);
	mem_free(o.cases);
	mem_free(o.bookings);
	mem_free(o.orders);
}
