# What the tests run of each layer, in a build aside that counts (COV=1): lines, and branches taken. Included by the Makefile.
#   make coverage              runs what feeds it, anew; fails below tests/coverage/floors
#   make coverage LAYER=org    the same counts, and what of that layer nothing has run; runs nothing again
COVERED_SEEDS ?= 1..8
COVERED_PROFILES := lite full heavy usb-only hub-rollback byzantine clone-storm clock-madness tiny-disk mixed-version

.PHONY: coverage coverage-built coverage-run
ifdef LAYER
coverage:
	@tools/coverage -l build/cov $(LAYER)
else
coverage:
	@nice $(MAKE) --no-print-directory $(JOBS) COV=1 PAGE=no coverage-built >/dev/null
	@find build/cov -name '*.gcda' -delete
	@nice $(MAKE) --no-print-directory COV=1 PAGE=no coverage-run >build/cov/log 2>&1 || { tail -20 build/cov/log; exit 1; }
	@tools/coverage build/cov tests/coverage/floors
endif

coverage-built: all $(UNIT) $(REPLAY) $(BUILD)/sim $(SIM_TESTS) $(BUILD)/counted $(BUILD)/tests/universes
# Command line suites start many programs; one that is killed loses its counts, which only makes the figures smaller.
coverage-run: unit replay cli
	@for t in $(SIM_TESTS); do echo "== $$t"; $$t || exit 1; done
	@for p in $(COVERED_PROFILES); do $(BUILD)/sim --seeds $(COVERED_SEEDS) --profile $$p || exit 1; done
	@$(BUILD)/tests/universes 400 1 >/dev/null
	@$(BUILD)/counted --trials 1 --quiet
