/*
 * What follows from sums that are known: elimination over real numbers, nothing of
 * the program's own algebra. A fact is a row of `width` coefficients; rows lie `stride` apart.
 */
#ifndef FALTBOK_TESTS_ELIMINATION_H
#define FALTBOK_TESTS_ELIMINATION_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Brings the rows into echelon form, and returns how many are left. */
static inline size_t
eliminate(double *m, size_t rows, size_t stride, size_t width)
{
	size_t row = 0;

	for (size_t col = 0; col < width && row < rows; col++) {
		size_t p = row;

		while (p < rows && fabs(m[p * stride + col]) < 1e-9)
			p++;
		if (p == rows)
			continue;
		for (size_t c = 0; c < width; c++) {
			double t = m[p * stride + c];

			m[p * stride + c] = m[row * stride + c];
			m[row * stride + c] = t;
		}
		for (size_t r = 0; r < rows; r++) {
			double by = r == row ? 0 : m[r * stride + col] / m[row * stride + col];

			for (size_t c = 0; c < width && by != 0; c++)
				m[r * stride + c] -= by * m[row * stride + c];
		}
		row++;
	}
	return row;
}

/* Whether the row v is a sum of rows in echelon form: v is used up. */
static inline bool
follows_from(const double *m, size_t rows, size_t stride, size_t width, double *v)
{
	for (size_t r = 0; r < rows; r++) {
		const double *fact = m + r * stride;
		size_t col = 0;
		double by;

		while (fabs(fact[col]) < 1e-9)
			col++;
		by = v[col] / fact[col];
		for (size_t c = 0; c < width && by != 0; c++)
			v[c] -= by * fact[c];
	}
	for (size_t c = 0; c < width; c++)
		if (fabs(v[c]) > 1e-6)
			return false;
	return true;
}

#endif
