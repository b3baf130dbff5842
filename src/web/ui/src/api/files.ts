/* Files in and out of operations: they pass through the page, never by a path. */
export interface FileIn { name: string; data: string }
export interface FilesOut { files?: Record<string, { name: string; bytes: number; data: string }> }

export function base64(bytes: Uint8Array): string {
	let text = '';
	for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
	return btoa(text);
}

export function bytesOf(data: string): Uint8Array<ArrayBuffer> {
	const text = atob(data), out = new Uint8Array(text.length);
	for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
	return out;
}

export async function fileIn(file: File): Promise<FileIn> {
	return { name: file.name, data: base64(new Uint8Array(await file.arrayBuffer())) };
}

/* Hands a file to the person: the browser asks, or puts it among the downloads. */
export function saveFile(name: string, bytes: Uint8Array<ArrayBuffer> | string, type = 'application/octet-stream'): void {
	const url = URL.createObjectURL(new Blob([bytes], { type }));
	const a = document.createElement('a');
	a.href = url;
	a.download = name;
	a.click();
	setTimeout(() => URL.revokeObjectURL(url), 60000);
}

export function saveAnswer(answer: FilesOut): boolean {
	for (const f of Object.values(answer.files ?? {})) {
		saveFile(f.name, bytesOf(f.data));
		return true;
	}
	return false;
}
