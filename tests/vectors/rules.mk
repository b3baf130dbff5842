# Vectors: tests/vectors/gen_X.c prints proto/vectors/X.json, the same bytes each
# time. `make vectors` writes them anew; `check-vectors` says which would change.
GENERATORS := $(patsubst tests/vectors/gen_%.c,%,$(wildcard tests/vectors/gen_*.c))

$(BUILD)/tests/gen_%: tests/vectors/gen_%.c $(OBJ)
	@mkdir -p $(@D)
	@echo "  GEN   $@"
	$(Q)$(CC) $(FLAGS) -Itests/unit -o $@ $< $(OBJ) $(LDFLAGS) $(LIBS)
$(BUILD)/vectors/%.json: $(BUILD)/tests/gen_%
	@mkdir -p $(@D)
	$(Q)$< > $@.part && mv $@.part $@

.PHONY: vectors check-vectors
vectors: $(GENERATORS:%=$(BUILD)/vectors/%.json)
	@mkdir -p proto/vectors
	@cp $^ proto/vectors/
check-vectors: $(GENERATORS:%=$(BUILD)/vectors/%.json)
	@for v in $(GENERATORS); do cmp $(BUILD)/vectors/$$v.json proto/vectors/$$v.json || exit 1; done
	@echo "vectors hold: $(GENERATORS)"
