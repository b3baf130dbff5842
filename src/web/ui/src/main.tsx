import './css/base.css';
import './css/parts.css';
import './css/views.css';
import './css/lead.css';
import './css/more.css';
import './css/print.css';
import { render } from 'preact';
import { Page } from './page';
import { startLanguage } from './i18n';
import { applyTheme } from './base/prefs';
import { startRouter } from './base/route';
import { startSession } from './base/session';

applyTheme();
startRouter();
const root = document.getElementById('app');
if (root !== null) {
	void startLanguage().then(() => {
		root.replaceChildren();
		render(<Page />, root);
	});
	void startSession();
}
