# The simulator and the tests of it. Included by the Makefile.
SIM_TESTS := $(patsubst tests/sim/%.c,$(BUILD)/tests/sim_%,$(wildcard tests/sim/test_*.c))

# Only what a machine of the simulator runs: no page, no sockets.
SIM_LAYERS := base codec crypto log org vault crdt casework exchange sync link peer audit store view node op hub sim
SIM_OBJ   := $(call objects_of,$(SIM_LAYERS))
# What the program has beside that: its main, and what is hung before libsodium.
SIM_MAIN  := $(patsubst %.c,$(BUILD)/%.o,tests/sim/sim_main.c tests/sim/hooks.c)
SIM_WRAP  := -Wl,--wrap=crypto_sign_verify_detached,--wrap=crypto_sign_detached,--wrap=crypto_scalarmult,--wrap=crypto_scalarmult_base,--wrap=sodium_malloc,--wrap=sodium_free,--wrap=crypto_aead_xchacha20poly1305_ietf_encrypt,--wrap=crypto_aead_chacha20poly1305_ietf_encrypt

$(BUILD)/sim: $(SIM_MAIN) $(SIM_OBJ)
	@echo "  LINK  $@"
	$(Q)$(CC) -o $@ $(SIM_MAIN) $(SIM_OBJ) $(LDFLAGS) $(SIM_WRAP) $(LIBS)

$(BUILD)/tests/sim_test_%: tests/sim/test_%.c $(SIM_OBJ)
	@mkdir -p $(@D)
	@echo "  TEST  $@"
	$(Q)$(CC) $(FLAGS) -Itests/unit -o $@ $< $(SIM_OBJ) $(LDFLAGS) $(LIBS) -lcmocka

$(BUILD)/src/sim/day_profile.o: packaging/profiles/radrum.json

# Some seconds of it in every check; longer campaigns are `build/sim --seeds A..B`.
.PHONY: sim-check
sim-check: $(BUILD)/sim $(SIM_TESTS:%=%.run) sim-played
.PHONY: sim-played $(SIM_TESTS:%=%.run)
$(SIM_TESTS:%=%.run): %.run: %
	@echo "== $<"; $<
sim-played: $(BUILD)/sim
	@$(BUILD)/sim --seeds 1..40 --twice
	@$(BUILD)/sim --seeds 1..4 --profile full
	@$(BUILD)/sim --seeds 1..2 --profile heavy
	@$(BUILD)/sim --seeds 1..2 --profile wide
	@$(BUILD)/sim --seeds 1..4 --profile office --twice
	@$(BUILD)/sim --seeds 1..4 --profile day --twice
	@$(BUILD)/sim --seeds 1..4 --profile many --twice
	@for p in usb-only hub-rollback byzantine clone-storm clock-madness tiny-disk mixed-version; do $(BUILD)/sim --seeds 1..4 --profile $$p || exit 1; done
	@$(MAKE) --no-print-directory regress sim-determinism

# Unoptimised, as it is, and under sanitizers: built aside, and one seed has one trace in all of them.
.PHONY: sims sim-determinism
sims: $(BUILD)/sim
	@$(MAKE) --no-print-directory $(JOBS) BUILD=$(BUILD)/o0 CFLAGS="-O0 -g" HARDEN=-fPIE $(BUILD)/o0/sim
	@$(MAKE) --no-print-directory $(JOBS) SAN=1 build/san/sim
sim-determinism: sims
	@tests/sim/determinism $(BUILD)/sim $(BUILD)/o0/sim build/san/sim

# Bugs planted on purpose, one build each (src/base/plant.h): the simulator must find every one of them. Only
# what asks PLANTED(n) is compiled again; the rest is linked as it stands.
PLANTS    ?= $(shell seq 29)
SEEDS     ?= 200
planted    = $(patsubst %.c,%.o,$(shell grep -l 'PLANTED($(1))' src/*/*.c))

define PLANT_RULES
$(BUILD)/plant-$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(FLAGS) -DPLANT=$(1) -c -o $$@ $$<
$(BUILD)/plant-$(1)/sim: $(SIM_MAIN) $(2:%=$(BUILD)/plant-$(1)/%) $(SIM_OBJ)
	@echo "  PLANT $(1)"
	$$(Q)$$(CC) -o $$@ $(SIM_MAIN) $(2:%=$(BUILD)/plant-$(1)/%) $$(filter-out $(2:%=$(BUILD)/%),$(SIM_OBJ)) $$(LDFLAGS) $$(SIM_WRAP) $$(LIBS)
endef
ifneq ($(filter plants regress-plants,$(MAKECMDGOALS)),)
$(foreach n,$(PLANTS),$(eval $(call PLANT_RULES,$(n),$(call planted,$(n)))))
endif

.PHONY: plants
plants: $(BUILD)/sim $(PLANTS:%=$(BUILD)/plant-%/sim)
	@tests/sim/plants $(BUILD) $(SEEDS) $(PLANTS)

# The ledger: what has been tried, added up by every campaign (tests/ledger/README.md).
.PHONY: campaign ledger
campaign: $(BUILD)/sim $(BUILD)/crash
	@tools/campaign $(BUILD) $(MINUTES)
ledger: $(BUILD)/sim
	@$(BUILD)/sim --mark-names >$(BUILD)/marks
	@awk -v marks=$(BUILD)/marks -f tests/ledger/totals.awk tests/ledger/ledger

# Scripts of bugs: those of planted ones fail in the build that has them, and all of them pass in this one.
REGRESS := $(wildcard tests/regress/*.sim)
.PHONY: regress regress-plants
regress: $(BUILD)/sim
	@passed=0; for s in $(REGRESS); do $(BUILD)/sim --script $$s >$(BUILD)/regress.out || { cat $(BUILD)/regress.out; exit 1; }; passed=$$((passed + 1)); done; \
	echo "$$passed scripts passed, 0 failed"
regress-plants: $(PLANTS:%=$(BUILD)/plant-%/sim)
	@passed=0; for s in tests/regress/plant-*.sim; do n=$${s##*/plant-}; n=$${n%.sim}; $(BUILD)/plant-$$n/sim --script $$s >$(BUILD)/regress.out; \
	[ $$? -eq 3 ] || { echo "$$s finds nothing"; exit 1; }; passed=$$((passed + 1)); done; echo "$$passed scripts found what was planted, 0 did not"
