# The page's own checks; the bundle itself is made where the program is linked.
UI ?= src/web/ui

.PHONY: ui-unit check-catalogues
ui-unit: all # which may be installing the same modules
	@cd $(UI) && { [ -e node_modules/.package-lock.json ] || npm ci --silent; }
	@cd $(UI) && node_modules/.bin/tsc --noEmit && node test.mjs
check-catalogues:
	@node $(UI)/catalogues.mjs
