# Everything is built into out/. A newcomer needs cargo, the .NET 10 SDK, a C compiler and make.
.PHONY: all lib host module support demo test lint header clean
.DELETE_ON_ERROR:

# Where crates.io cannot be reached, cargo takes the same crates from a local registry.
PSJOB_CRATES ?= ../shared/crates
ifneq ($(wildcard $(PSJOB_CRATES)/*.crate),)
CRATES := --config 'source.crates-io.replace-with="psjob-crates"' \
          --config 'source.psjob-crates.local-registry="$(abspath $(PSJOB_CRATES))"'
endif
# Scripts take it as it is; cargo reads it behind the subcommand only.
export CRATES
CARGO := cargo
# No build server outlives the command that started it.
export MSBUILDDISABLENODEREUSE = 1
export DOTNET_CLI_USE_MSBUILD_SERVER = 0
export DOTNET_NOLOGO = 1
export DOTNET_CLI_TELEMETRY_OPTOUT = 1
DOTNET_FLAGS := -v quiet -p:UseSharedCompilation=false

NATIVE := out/PSJob/runtimes/linux-x64/native
SHELL_FOR_TESTS := $(or $(shell command -v pwsh),out/host/psjob-host)

all: lib host module

lib:
	$(CARGO) build $(CRATES) --release
	install -D -t out/lib target/release/libpsjob.so target/release/libpsjob.a target/release/psjob-guard
	ln -sf libpsjob.so out/lib/libpsjob.so.0
	install -D -t $(NATIVE) target/release/libpsjob.so target/release/psjob-guard

host:
	dotnet publish module/host $(DOTNET_FLAGS)

module:
	dotnet publish module/PSJob.csproj $(DOTNET_FLAGS)

support:
	dotnet publish tests/support/cmdlets $(DOTNET_FLAGS)

demo: all support
	tests/support/with-cmdlets.sh $(SHELL_FOR_TESTS) -NoProfile -File examples/powershell/demo.ps1

test: all support
	tests/run.sh

lint:
	tests/lint.sh

header:
	PSJOB_WRITE_BINDINGS=1 $(CARGO) test $(CRATES) --test bindings

clean:
	rm -rf out target
