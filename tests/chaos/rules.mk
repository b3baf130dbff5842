# Real programs among real faults. `chaos-check` is a slice of some tens of
# seconds for every check; `make chaos` is the whole, deeper with DEPTH=n.
CHAOS_TOOLS := $(BUILD)/chaos/proxy $(BUILD)/chaos/wire $(BUILD)/chaos/look
$(BUILD)/chaos/%: tests/chaos/%.c $(OBJ)
	@mkdir -p $(@D)
	@echo "  CHAOS $@"
	$(Q)$(CC) $(FLAGS) -D_GNU_SOURCE -o $@ $< $(OBJ) $(LDFLAGS) $(LIBS)
