# The page in a browser: two nodes side by side, axe, a hostile page, killed browsers. Pictures and figures go to build/ui.
UI_TESTS := tests/ui
$(UI_TESTS)/node_modules/.package-lock.json: $(UI_TESTS)/package-lock.json
	@cd $(UI_TESTS) && npm ci --no-audit --no-fund --loglevel=error && touch node_modules/.package-lock.json

.PHONY: ui-check ui-bench
# PART=sv, ar, views, hostile, drafts, rooms, more, step, large, access or keys: only that one.
ui-check: all $(UI_TESTS)/node_modules/.package-lock.json
	@BUILD=$(BUILD) node $(UI_TESTS)/run.mjs $(PART)
# No claim here passes or fails: figures for build/ui/measures.json.
ui-bench: all $(UI_TESTS)/node_modules/.package-lock.json
	@BUILD=$(BUILD) node $(UI_TESTS)/bench.mjs
