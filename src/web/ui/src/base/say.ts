/* What has just happened, for eyes and for screen readers: say(t('saved')). */
import { createStore } from './store';

export interface Message { text: string; kind: 'done' | 'warn'; count: number }
export const message = createStore<Message | undefined>(undefined);
let count = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

export function say(text: string, kind: Message['kind'] = 'done'): void {
	message.set({ text, kind, count: ++count });
	clearTimeout(timer);
	timer = setTimeout(() => message.set(undefined), kind === 'warn' ? 12000 : 6000);
}
