# Real programs among real faults (tests/chaos). `chaos-check` is a slice for every check; `make chaos` the whole, an
# hour or so, DEPTH=n times as deep, and writes a row to tests/ledger/chaos.md.
CHAOS_TOOLS := $(BUILD)/chaos/proxy $(BUILD)/chaos/wire $(BUILD)/chaos/look $(BUILD)/chaos/liar
$(BUILD)/chaos/%: tests/chaos/%.c $(OBJ)
	@mkdir -p $(@D)
	@echo "  CHAOS $@"
	$(Q)$(CC) $(FLAGS) -D_GNU_SOURCE -o $@ $< $(OBJ) $(LDFLAGS) $(LIBS)

.PHONY: chaos chaos-check check-faults bench-lan
chaos-check: all $(CHAOS_TOOLS)
	@DEPTH=0 SIDE=$(if $(findstring jobserver,$(MAKEFLAGS)),1,2) tests/chaos/run.sh $(BUILD)
chaos: DEPTH := $(or $(DEPTH),1)
chaos:
	@tools/setup check
	@$(MAKE) --no-print-directory all $(CHAOS_TOOLS)
	@DEPTH=$(DEPTH) tests/chaos/run.sh $(BUILD)
# Every fault of tests/FAULTS.md names tests that are there.
check-faults:
	@tools/check-faults
bench-lan: all $(CHAOS_TOOLS)
	@tests/chaos/lan.sh $(BUILD)
