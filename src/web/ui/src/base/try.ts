/* One deed that may fail: what went wrong is kept for <Trouble>, and goes when the next one begins. */
import { useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { asApiError } from './load';

export interface Try { error: ApiError | undefined; run: <T>(deed: () => Promise<T>) => Promise<T | undefined>; clear: () => void }

export function useTry(): Try {
	const [error, setError] = useState<ApiError>();
	const run = async <T>(deed: () => Promise<T>): Promise<T | undefined> => {
		setError(undefined);
		try {
			return await deed();
		} catch (x) {
			setError(asApiError(x));
			return undefined;
		}
	};
	return { error, run, clear: () => setError(undefined) };
}
