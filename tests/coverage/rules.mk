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
# Three lanes beside each other, each line with its seconds; gcov adds up what programs that run at one time have counted.
# Command line suites start many programs; one that is killed loses its counts, which only makes the figures smaller.
# What hangs is ended and named: `make coverage` ends by itself.
COVERED = @covered() { s=$$(date +%s); timeout $(COVERED_SECONDS) "$$@" >$(BUILD)/lane-$@.out 2>&1 || { echo "$$*: ends with $$?"; tail -20 $(BUILD)/lane-$@.out; return 1; }; echo "$$(($$(date +%s) - s)) s  $$*"; };
COVERED_SECONDS ?= 1800
.PHONY: coverage-unit coverage-cli coverage-sim
coverage-run:
	@$(MAKE) --no-print-directory -j3 coverage-unit coverage-cli coverage-sim
coverage-unit: $(UNIT) $(REPLAY)
	$(COVERED) for t in $(UNIT); do covered $$t || exit 1; done; for t in $(FUZZ_TARGETS); do covered $(BUILD)/tests/replay_$$t tests/fuzz/corpus/$$t || exit 1; done
coverage-cli: all
	$(COVERED) for t in tests/cli/[0-9]*.sh; do covered $$t $(BUILD) || exit 1; done
coverage-sim: $(SIM_TESTS) $(BUILD)/sim $(BUILD)/counted $(BUILD)/tests/universes
	$(COVERED) for t in $(SIM_TESTS); do covered $$t || exit 1; done; \
	for p in $(COVERED_PROFILES); do covered $(BUILD)/sim --seeds $(COVERED_SEEDS) --profile $$p || exit 1; done; \
	covered $(BUILD)/tests/universes 400 1 && covered $(BUILD)/counted --trials 1 --quiet
