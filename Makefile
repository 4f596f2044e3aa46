# Everything here needs Go, git and make only; `make image` needs Docker too.

GO        ?= go
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS   := -s -w -X main.version=$(VERSION)
IMAGE     ?= bidwell:$(VERSION)
FUZZTIME  ?= 10s
BENCHTIME ?= 200ms
COUNT     ?= 6
BENCHSTAT := $(GO) run golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da

# Packages that share memory between goroutines; `make check` runs their tests
# under the race detector where there is a C compiler for it.
RACE := ./ledger/... ./notice/... ./pacing/... ./profile/... ./exposure/... ./inventory/... ./pricing/learn/... ./campaign/... ./bidder/... ./loadtest/... ./cmd/...

.DEFAULT_GOAL := help
.PHONY: help build demo test check fmt vet lint mod race fuzz bench bench-compare bench-micro crash image clean

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

build: ## Build the static binary bin/bidwell
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/bidwell ./cmd/bidwell

demo: build ## Start a bidder and a small exchange against it (ARGS='--for 30s' to bound it)
	./bin/bidwell demo $(ARGS)

test: ## Run every test
	$(GO) test ./...

check: fmt vet lint mod race ## Format, vet, lint, module files, tests under the race detector

fmt:
	@bad=$$(gofmt -l .); if [ -n "$$bad" ]; then echo "not gofmt-ed:"; echo "$$bad"; exit 1; fi

vet:
	$(GO) vet ./...

lint:
	$(GO) tool staticcheck ./...

mod:
	$(GO) mod verify
	$(GO) mod tidy -diff

race:
	@if command -v "$$($(GO) env CC)" >/dev/null 2>&1; then \
		echo "CGO_ENABLED=1 $(GO) test -race $(RACE)"; \
		CGO_ENABLED=1 $(GO) test -race $(RACE); \
	else \
		echo "race: skipped, the race detector needs a C compiler and there is none"; \
	fi

fuzz: ## Run every fuzz target for FUZZTIME (10s)
	@GO="$(GO)" .ci/fuzz $(FUZZTIME)

bench: ## Measure the whole bidder beside a bare server (ARGS=-quick for a minute's look, -full for every cell)
	$(GO) run ./bench $(ARGS)

bench-compare: ## Compare two commits or two latest.json (A=main B=. for the working tree)
	@test -n "$(A)" -a -n "$(B)" || { echo "say what to compare: make bench-compare A=main B=."; exit 2; }
	$(GO) run ./bench -rounds 10 -round 1s $(ARGS) compare $(A) $(B)

bench-micro: ## Run the benchmarks of each stage COUNT (6) times of BENCHTIME (200ms), under benchstat (OLD=FILE to compare)
	$(GO) test -run '^$$' -bench . -benchmem -count $(COUNT) -benchtime $(BENCHTIME) ./... > bench/latest.micro.txt || { cat bench/latest.micro.txt; exit 1; }
	$(BENCHSTAT) $(OLD) bench/latest.micro.txt

crash: build ## Kill the bidder dozens of times and check its money (ARGS='--seed 7' for other moments)
	$(GO) run ./crash $(ARGS)

image: ## Build the container image
	docker build --build-arg VERSION=$(VERSION) -t $(IMAGE) .

clean:
	rm -rf bin
