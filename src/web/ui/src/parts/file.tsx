/* A file from the person: chosen, or dropped on the button. */
import { useId, useRef, useState } from 'preact/hooks';
import { Icon } from './icons';

export function FilePick({ label, accept, onPick }: { label: string; accept?: string; onPick: (f: File) => void }) {
	const id = useId();
	const ref = useRef<HTMLInputElement>(null);
	const [over, setOver] = useState(false);
	const [name, setName] = useState('');
	const take = (f: File | undefined | null): void => {
		if (f === undefined || f === null) return;
		setName(f.name);
		onPick(f);
		if (ref.current !== null) ref.current.value = '';
	};
	return (
		<label class={`file${over ? ' over' : ''}`} for={id}
			onDragOver={(e) => { e.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)}
			onDrop={(e) => { e.preventDefault(); setOver(false); take(e.dataTransfer?.files[0]); }}>
			<input id={id} ref={ref} type="file" accept={accept} onChange={(e) => take(e.currentTarget.files?.[0])} />
			<Icon name="in" />
			<span>{label}</span>
			{name !== '' && <bdi class="soft">{name}</bdi>}
		</label>
	);
}
