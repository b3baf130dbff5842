# Crash points: every path that writes, stopped at each change of the disk (tests/crash/main.c). Included by the Makefile.
CRASH_SRC := $(wildcard tests/crash/*.c) tests/counted/room.c tests/counted/made.c tests/counted/scenes.c tests/sim/hooks.c
# What the programs keep beside a home: a hub's memory and its choice of a store, an auditor's unpacked bundle.
CRASH_APP := $(APP_COMMON) $(BUILD)/src/app/hub_memory.o $(BUILD)/src/app/hub_store.o $(APP_AUDIT)
$(BUILD)/crash: $(CRASH_SRC) $(wildcard tests/crash/*.h) $(wildcard tests/counted/room*.h) $(CRASH_APP) $(OBJ)
	@echo "  LINK  $@"
	$(Q)$(CC) $(filter-out -MMD -MP,$(FLAGS)) -o $@ $(CRASH_SRC) $(CRASH_APP) $(OBJ) $(LDFLAGS) $(SIM_WRAP) $(LIBS)

# Bugs planted on purpose (src/base/plant.h) that a power cut brings to light: each must be found.
CRASH_PLANTS := 2 13 19
define CRASH_PLANT
$(BUILD)/plant-$(1)/crash-%.o: src/%.c
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(FLAGS) -DPLANT=$(1) -c -o $$@ $$<
$(BUILD)/plant-$(1)/crash: $(CRASH_SRC) $(patsubst src/%.c,$(BUILD)/plant-$(1)/crash-%.o,$(2)) $(CRASH_APP) $(OBJ)
	@echo "  PLANT $(1)"
	$$(Q)$$(CC) $$(filter-out -MMD -MP,$$(FLAGS)) -o $$@ $(CRASH_SRC) $(patsubst src/%.c,$(BUILD)/plant-$(1)/crash-%.o,$(2)) $(CRASH_APP) $$(filter-out $(2:%.c=$(BUILD)/%.o),$$(OBJ)) $$(LDFLAGS) $$(SIM_WRAP) $$(LIBS)
endef
ifneq ($(filter crash-plants,$(MAKECMDGOALS)),)
$(foreach n,$(CRASH_PLANTS),$(eval $(call CRASH_PLANT,$(n),$(shell grep -l 'PLANTED($(n))' src/*/*.c))))
endif
.PHONY: crash-plants
crash-plants: $(CRASH_PLANTS:%=$(BUILD)/plant-%/crash)
	@found=0; while read -r n path; do $(BUILD)/plant-$$n/crash --looks 16 --path "$$path" >$(BUILD)/plant-$$n/crash.out; \
	[ $$? -eq 3 ] || { echo "plant $$n: not found"; exit 1; }; found=$$((found + 1)); done <tests/crash/plants; echo "$$found planted bugs found, 0 not found"
