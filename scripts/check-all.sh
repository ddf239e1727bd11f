#!/usr/bin/env bash
# Everything that CI checks: see `cargo xtask test`, which this only calls.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec cargo xtask test "$@"
