#!/bin/sh
# Makes ./configure from configure.ac; needed once in a git checkout, not in a release.
set -eu
cd "$(dirname "$0")"
exec autoreconf --install --force
