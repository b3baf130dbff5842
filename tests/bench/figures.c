/* The table of figures, printed as they come and kept as JSON. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

static json_t *all;

void
figure(const char *name, double value, const char *unit, double floor_value, const char *floor_name, double ratio)
{
	printf("%-32s %12.2f %-18s floor %12.2f %-48s ratio %.2f\n", name, value, unit, floor_value, floor_name, ratio);
	fflush(stdout);
	if (all == NULL)
		all = json_object();
	json_object_set_new(all, name, json_pack("{s:f,s:s,s:f,s:f}", "value", value, "unit", unit, "floor", floor_value, "ratio", ratio));
}

void
figures_print(const char *json_path)
{
	if (json_dump_file(all, json_path, JSON_INDENT(1)) != 0)
		exit(1);
	json_decref(all);
}
