# The verbs of the repository. `go test ./...` and `go run ./cmd/tacit dev` need none of this.
.PHONY: build test check race e2e web fuzz bench ci nightly

WORKER_ENV = CGO_ENABLED=0 GOAMD64=v1 GOFLAGS= GOEXPERIMENT=

build: ## both programs into bin/, the worker with its reproducible flags
	go build -trimpath -o bin/tacit ./cmd/tacit
	$(WORKER_ENV) go build -trimpath -buildvcs=false -ldflags='-s -w -buildid=' -o bin/tacit-worker ./cmd/tacit-worker

test:
	go test ./...

check: ## format, vet, staticcheck
	test -z "$$(gofmt -l .)"
	go vet ./...
	go tool staticcheck ./...

race:
	go test -race -short ./node/... ./worker/... ./relay/... ./client/...

e2e: build
	test/e2e/run.sh

web: ## builds the console's page; needs Node.js
	cd sdk/ts && npm ci --no-audit --no-fund
	cd web && npm ci --no-audit --no-fund && npm run build

fuzz:
	internal/fuzz.sh 30s

bench:
	go test -run '^$$' -bench . ./grandpa ./npos ./trie ./attest ./scale ./contract/host
	go run ./cmd/tacit bench start

ci:
	.ci/run

nightly: ## the long forms of tests
	.ci/nightly
