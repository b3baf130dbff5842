# Counted faults: every operation, with each of its allocations, calls of the disk and crash points. Included by the Makefile.
$(BUILD)/counted: $(wildcard tests/counted/*.c) $(wildcard tests/counted/*.h) $(OBJ)
	@echo "  LINK  $@"
	$(Q)$(CC) $(filter-out -MMD -MP,$(FLAGS)) -o $@ $(filter %.c,$^) $(OBJ) $(LDFLAGS) $(LIBS)

# A sample of each kind, others with every commit. All of it: build/counted --trials 0, build/crash --looks 128.
COUNTED_TRIALS ?= 3
.PHONY: counted
counted: $(BUILD)/counted $(BUILD)/crash
	@$(BUILD)/counted --trials $(COUNTED_TRIALS) --seed $$(git rev-list --count HEAD 2>/dev/null || echo 1) --but power --quiet
	@$(BUILD)/crash --looks 8 --step 24 --seed $$(git rev-list --count HEAD 2>/dev/null || echo 1)
