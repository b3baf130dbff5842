/* What a report says beside its figures, in Swedish and English. */
#include <stdarg.h>
#include <stdio.h>

#include "casework/report_internal.h"

/* Numbers come as doubles, days as text; both languages take them in the same order. */
static const struct { const char *sv, *en; int numbers, days; } sentences[W_COUNT] = {
	[W_WINDOW] = { "Avser %s–%s, inte rapportens period.", "Counts %s to %s, not the period of the report.", 0, 2 },
	[W_OVERLAP] = { "Perioden %s–%s överlappar den som den jämförs med: talen är inte oberoende.",
	                "The window %s to %s overlaps the one it is compared with: the figures are not independent.", 0, 2 },
	[W_NO_DATE] = { "%.0f utan datum är inte medräknade.", "%.0f without a date are left out.", 1, 0 },
	[W_FEW_NO_DATE] = { "Färre än 5 utan datum är inte medräknade.", "Fewer than 5 without a date are left out.", 0, 0 },
	[W_NO_VALUE] = { "Uppgift saknas för en del av underlaget.", "Some of the base does not say.", 0, 0 },
	[W_NONE_SAYS] = { "Ingen post har uppgiften.", "No record says.", 0, 0 },
	[W_NO_SITE] = { "Kan inte delas upp på plats.", "Can not be told by site.", 0, 0 },
	[W_CANNOT] = { "Uppgiften finns inte i programmets poster.", "The records of this programme can not tell.", 0, 0 },
	[W_MISMATCH] = { "Stämmer inte: delarna är tillsammans %.15g, uppgiven summa är %.15g.",
	                 "Does not reconcile: the parts come to %.15g, the stated total is %.15g.", 2, 0 },
	[W_BASE] = { "Underlaget är mindre än 20: ingen procent visas.", "The base is below 20: no percentage is shown.", 0, 0 },
	[W_COVERAGE] = { "Känt för %.0f av %.0f.", "Known for %.0f of %.0f.", 2, 0 },
	[W_PREVIOUS_EMPTY] = { "Inget att jämföra med %s–%s.", "Nothing to compare with from %s to %s.", 0, 2 },
	[W_AGREED] = { "Ett ovanligt värde kan peka ut en person: visas för att de berörda har sagt ja.",
	               "A rare value can point to a person: shown because those concerned agreed.", 0, 0 },
	[W_HIDDEN] = { "Små tal är dolda (1–4), och fler där de annars gick att räkna ut.",
	               "Small counts (1 to 4) are hidden, and more where they could be worked out.", 0, 0 },
	[W_NO_ROWS] = { "Kan inte räknas utan att läsa ärenden.", "Can not be counted without reading cases.", 0, 0 },
	[W_MASKED] = { "Personnummer, telefonnummer och e-postadresser i texten är dolda: %.0f.",
	               "Personal numbers, phone numbers and e-mail addresses in the text are masked: %.0f.", 1, 0 },
	[W_WITHHELD] = { "Det som hör till skyddad identitet står inte med.", "What belongs to a protected identity is left out.", 0, 0 },
	[W_NO_BASE] = { "Kan inte räknas ut: underlag saknas eller är dolt.", "Can not be worked out: its base is missing or hidden.", 0, 0 },
	[W_EARLIER] = { "Mer är dolt: annars gick det att räkna ut tillsammans med en tidigare publicerad rapport.",
	                "More is hidden: together with an earlier published report it could be worked out.", 0, 0 },
};

void
warn_add(struct run *r, struct result *x, enum warning w, ...)
{
	const char *form = strcmp(r->ask->lang, "sv") == 0 ? sentences[w].sv : sentences[w].en;
	const char *day[2];
	double number[2];
	char text[256];
	va_list ap;

	va_start(ap, w);
	for (int i = 0; i < sentences[w].days; i++)
		day[i] = va_arg(ap, const char *);
	for (int i = 0; i < sentences[w].numbers; i++)
		number[i] = va_arg(ap, double);
	va_end(ap);
	if (sentences[w].days == 2)
		snprintf(text, sizeof(text), form, day[0], day[1]);
	else if (sentences[w].numbers == 2)
		snprintf(text, sizeof(text), form, number[0], number[1]);
	else if (sentences[w].numbers == 1)
		snprintf(text, sizeof(text), form, number[0]);
	else
		snprintf(text, sizeof(text), "%s", form);
	(void)!json_array_append_new(x->warnings, json_string(text));
}
