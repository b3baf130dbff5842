# Universes of control entries by chance, evaluated here and by the second
# implementation: `make universes COUNT=100000 SEED=1`. A slice with fresh
# seeds runs with the tests; what large runs found stands in tests/ledger/universes.md.
COUNT ?= 400
$(BUILD)/tests/universes: tests/universes/universes.c tests/unit/universe.h tests/unit/world.h $(OBJ)
	@mkdir -p $(@D)
	@echo "  TEST  $@"
	$(Q)$(CC) $(FLAGS) -Itests/unit -o $@ $< $(OBJ) $(LDFLAGS) $(LIBS)
$(BUILD)/second/universes.mjs: $(BUILD)/second/second.mjs
	$(Q)cd $(SECOND) && node_modules/.bin/esbuild universes.ts --bundle --platform=node --format=esm --target=node18 \
		--banner:js="import { webcrypto } from 'node:crypto'; globalThis.crypto ??= webcrypto" --log-level=warning --outfile=../../$@

.PHONY: universes
universes: SEED := $(or $(SEED),$(shell od -An -N4 -tu4 /dev/urandom | tr -d ' '))
universes: $(BUILD)/tests/universes $(BUILD)/second/universes.mjs
	@echo "universes: COUNT=$(COUNT) SEED=$(SEED)"
	@bash -o pipefail -c '$(BUILD)/tests/universes $(COUNT) $(SEED) | node $(BUILD)/second/universes.mjs'
