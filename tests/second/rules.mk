# A second implementation, in TypeScript, from the text of proto/: it must agree
# with every vector, and with a bundle that the programs wrote.
include tests/vectors/rules.mk

SECOND := tests/second
SECOND_MODULES := $(SECOND)/node_modules/.package-lock.json

$(SECOND_MODULES): $(SECOND)/package-lock.json
	@echo "  NPM   $(SECOND)"
	$(Q)cd $(SECOND) && npm ci --silent && touch node_modules/.package-lock.json
$(BUILD)/second/second.mjs: $(wildcard $(SECOND)/*.ts) $(SECOND)/tsconfig.json $(SECOND_MODULES)
	@mkdir -p $(@D)
	@echo "  TS    $@"
	$(Q)cd $(SECOND) && node_modules/.bin/tsc
	@# Node 18 has the same crypto object and does not offer it by itself.
	$(Q)$(SECOND)/node_modules/.bin/esbuild $(SECOND)/main.ts --bundle --platform=node --format=esm --target=node18 \
		--banner:js="import { webcrypto } from 'node:crypto'; globalThis.crypto ??= webcrypto" --log-level=warning --outfile=$@

.PHONY: second
second: $(BUILD)/second/second.mjs all
	@$(SECOND)/run.sh $(BUILD)

# The report's figures once more, by a calculator that knows nothing of the profile's lines.
$(BUILD)/second/report.mjs: $(SECOND)/report.ts $(BUILD)/second/second.mjs
	$(Q)$(SECOND)/node_modules/.bin/esbuild $< --bundle --platform=node --format=esm --target=node18 --log-level=warning --outfile=$@
.PHONY: second-report
second-report: $(BUILD)/second/report.mjs all
	@$(SECOND)/report.sh $(BUILD)
second: second-report
