# The simulator and the tests of it. Included by the Makefile.
SIM_TESTS := $(patsubst tests/sim/%.c,$(BUILD)/tests/sim_%,$(wildcard tests/sim/test_*.c))

$(BUILD)/sim: tests/sim/sim_main.c $(OBJ)
	@echo "  LINK  $@"
	$(Q)$(CC) $(FLAGS) -o $@ $< $(OBJ) $(LDFLAGS) $(LIBS)

$(BUILD)/tests/sim_test_%: tests/sim/test_%.c $(OBJ)
	@mkdir -p $(@D)
	@echo "  TEST  $@"
	$(Q)$(CC) $(FLAGS) -Itests/unit -o $@ $< $(OBJ) $(LDFLAGS) $(LIBS) -lcmocka

# Some seconds of it in every check; longer campaigns are `build/sim --seeds A..B`.
.PHONY: sim-check
sim-check: $(BUILD)/sim $(SIM_TESTS)
	@for t in $(SIM_TESTS); do echo "== $$t"; $$t || exit 1; done
	@$(BUILD)/sim --seeds 1..40 --twice
	@$(BUILD)/sim --seeds 1..4 --profile full
