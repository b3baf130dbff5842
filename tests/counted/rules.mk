# Counted faults: every operation, with each of its allocations, calls of the disk and crash points. Included by the Makefile.
$(BUILD)/counted: $(wildcard tests/counted/*.c) $(wildcard tests/counted/*.h) $(OBJ)
	@echo "  LINK  $@"
	$(Q)$(CC) $(filter-out -MMD -MP,$(FLAGS)) -o $@ $(filter %.c,$^) $(OBJ) $(LDFLAGS) $(LIBS)

# A sample of each kind. All of it: build/counted --trials 0.
COUNTED_TRIALS ?= 3
.PHONY: counted
counted: $(BUILD)/counted
	@$(BUILD)/counted --trials $(COUNTED_TRIALS) --quiet
