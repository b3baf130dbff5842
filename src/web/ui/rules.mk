# The page's own checks; the bundle itself is made where the program is linked.
UI_MODULES := $(UI)/node_modules/.package-lock.json
$(UI_MODULES): $(UI)/package-lock.json
	@echo "  NPM   $(UI)"
	$(Q)cd $(UI) && npm ci --silent && touch node_modules/.package-lock.json

.PHONY: ui-unit check-catalogues
ui-unit: $(UI_MODULES)
	@cd $(UI) && node_modules/.bin/tsc --noEmit && node test.mjs
check-catalogues:
	@node $(UI)/catalogues.mjs
test: check-catalogues ui-unit
