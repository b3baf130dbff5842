/* Short plain sentences: they are read at a counter, often aloud, often by somebody who learns the language. */
#include "casework/slip.h"

#include <string.h>
#include <strings.h>

const char *const slip_languages[] = { "sv", "en", "ar", "fa", "uk", "ru", "be", NULL };

static const struct { const char *language; const char *words[SLIP_WORDS]; } catalogue[] = {
	{ "sv", { "Hänvisning", "Nästa steg", "Till", "Orsak", "Ämne", "Gör så här", "Senast", "Datum", "Plats", "Kod",
	          "Ta med den här lappen. Koden öppnar ditt ärende.", "Rådgivningen är gratis och opartisk, och det du säger stannar hos oss." } },
	{ "en", { "Referral", "Next step", "To", "Reason", "Topic", "What to do", "No later than", "Date", "Place", "Code",
	          "Bring this slip. The code opens your case.", "Advice is free and impartial, and what you say stays with us." } },
	{ "ar", { "إحالة", "الخطوة التالية", "إلى", "السبب", "الموضوع", "ما يجب فعله", "في موعد أقصاه", "التاريخ", "المكان", "الرمز",
	          "أحضر هذه الورقة معك. الرمز يفتح ملفك.", "الاستشارة مجانية ومحايدة، وما تقوله يبقى عندنا." } },
	{ "fa", { "ارجاع", "گام بعدی", "به", "دلیل", "موضوع", "چه باید کرد", "حداکثر تا", "تاریخ", "مکان", "کد",
	          "این برگه را همراه بیاورید. این کد پروندهٔ شما را باز می‌کند.", "مشاوره رایگان و بی‌طرفانه است و گفته‌های شما نزد ما می‌ماند." } },
	{ "uk", { "Направлення", "Наступний крок", "Куди", "Причина", "Тема", "Що зробити", "Не пізніше", "Дата", "Місце", "Код",
	          "Візьміть цей аркуш із собою. Код відкриває вашу справу.", "Консультація безкоштовна й неупереджена, а сказане вами залишається в нас." } },
	{ "ru", { "Направление", "Следующий шаг", "Куда", "Причина", "Тема", "Что сделать", "Не позднее", "Дата", "Место", "Код",
	          "Возьмите этот листок с собой. Код открывает ваше дело.", "Консультация бесплатна и беспристрастна, а сказанное вами остаётся у нас." } },
	{ "be", { "Накіраванне", "Наступны крок", "Куды", "Прычына", "Тэма", "Што зрабіць", "Не пазней за", "Дата", "Месца", "Код",
	          "Вазьміце гэты лісток з сабой. Код адкрывае вашу справу.", "Кансультацыя бясплатная і бесстаронняя, а сказанае вамі застаецца ў нас." } },
};

static bool
begins_with(const char *language, const char *primary)
{
	size_t n = strlen(primary);

	return strncasecmp(language, primary, n) == 0 && (language[n] == '\0' || language[n] == '-');
}

const char *
slip_text(const char *language, enum slip_word word)
{
	for (size_t i = 0; i < sizeof(catalogue) / sizeof(catalogue[0]); i++)
		if (begins_with(language, catalogue[i].language))
			return catalogue[i].words[word];
	return NULL;
}

bool
language_is_rtl(const char *language)
{
	static const char *const rtl[] = { "ar", "fa", "prs", "ps", "ckb", "ur", "he", "yi", "sd", "ug" };

	for (size_t i = 0; i < sizeof(rtl) / sizeof(rtl[0]); i++)
		if (begins_with(language, rtl[i]))
			return true;
	return false;
}
