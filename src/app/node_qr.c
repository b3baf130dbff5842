/*
 * A QR code in block characters: two rows of modules in one line of text,
 * with the quiet zone that a camera needs. Light modules are drawn, since
 * most terminals are dark; on a light one cameras read it all the same.
 */
#include <qrencode.h>

#include "app/node.h"

enum { QUIET = 2 };

static bool
light(const QRcode *qr, int x, int y)
{
	if (x < 0 || y < 0 || x >= qr->width || y >= qr->width)
		return true;
	return (qr->data[y * qr->width + x] & 1) == 0;
}

bool
qr_print(struct buf *out, const char *text)
{
	static const char *const blocks[] = { " ", "▄", "▀", "█" };
	QRcode *qr = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);

	if (qr == NULL)
		return false;
	for (int y = -QUIET; y < qr->width + QUIET; y += 2) {
		for (int x = -QUIET; x < qr->width + QUIET; x++)
			buf_printf(out, "%s", blocks[(light(qr, x, y) ? 2 : 0) + (light(qr, x, y + 1) ? 1 : 0)]);
		buf_put_u8(out, '\n');
	}
	QRcode_free(qr);
	return buf_ok(out);
}
