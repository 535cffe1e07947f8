#!/usr/bin/env bash
# Makes the virtual environment and installs what `make run` or `make test` needs; repeating it costs nothing.
# `check` installs the tests' Python packages, as `make check` and `make unit` need them, and no system package.
# `browsers` is for `make test-browsers`, which needs 400 MB that `test` does not.
#   scripts/setup.sh run|check|test|browsers
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:?run, check, test or browsers}
venv=${VENV:-.venv}
case $kind in
  run)  requirements=requirements.txt;     packages="apertium-eng-spa libopus0 esbuild" ;;
  check) requirements=requirements-dev.txt; packages="" ;;
  test) requirements=requirements-dev.txt
        packages="apertium-eng-spa libopus0 esbuild chromium fonts-dejavu-core flite postgresql redis-server nginx haproxy caddy socat libnss3-tools ffmpeg libfaketime" ;;
  browsers) requirements=requirements-dev.txt
        packages="apertium-eng-spa libopus0 esbuild fonts-dejavu-core firefox-esr webkit2gtk-driver xvfb pulseaudio pulseaudio-utils" ;;
  *)    echo "setup.sh: run, check, test or browsers?" >&2; exit 2 ;;
esac
of_tests=${kind/check/test}; of_tests=${of_tests/browsers/test}  # these share their Python packages
declare -A why=(
  [apertium-eng-spa]="translation by rules, at once and offline"
  [libopus0]="decoding Opus at a third of the cost"
  [esbuild]="pages of a few small files in place of fifty"
  [chromium]="the browser tests" [fonts-dejavu-core]="the browser tests' screenshots"
  [firefox-esr]="the tests in Firefox" [webkit2gtk-driver]="the tests in WebKit" [xvfb]="the tests in WebKit, which needs a display"
  [pulseaudio]="the tests with a microphone" [pulseaudio-utils]="the tests with a microphone"
  [flite]="the tests' speech" [postgresql]="the tests on PostgreSQL"
  [redis-server]="the tests on Redis" [nginx]="the tests behind a proxy" [haproxy]="the tests behind a proxy" [caddy]="the tests behind a proxy"
  [libnss3-tools]="the browser tests by https"
  [socat]="the tests behind a forward" [libfaketime]="the tests of a clock that is set" [ffmpeg]="the benches' baseline"
)

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

# how packages may be installed here: as root, by sudo without a password, or not at all
as_root=none
if command -v apt-get >/dev/null; then
  if [ "$(id -u)" = 0 ]; then as_root=""
  elif sudo -n true 2>/dev/null; then as_root="sudo -n"
  fi
fi

install_packages() {
  if [ "$as_root" = none ] || [ "$kind" = check ]; then return 1; fi
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 && return
  $as_root apt-get update -qq >/dev/null 2>&1 || true
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

system_packages() {
  local name missing=()
  command -v dpkg-query >/dev/null || { say "Not Debian or Ubuntu: going on without $packages."; return; }
  for name in $packages; do is_installed "$name" || missing+=("$name"); done
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$as_root" != none ]; then
    say "Installing ${missing[*]} ..."
    for name in "${missing[@]}"; do
      install_packages "$name" || { say "Skipped $name (${why[$name]}): it could not be installed."; continue; }
      # the tests run their own; nobody asked for one that serves this machine
      case $name in nginx|haproxy|caddy) $as_root systemctl disable --now "$name" >/dev/null 2>&1 || true ;; esac
    done
  else
    for name in "${missing[@]}"; do say "Skipped $name (${why[$name]}): sudo apt install $name brings it."; done
  fi
}

find_python() {
  local name
  for name in python3.11 python3.12 python3.13 python3 python3.14; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$name"; return
    fi
  done
  say "Habla needs Python 3.11 or newer."; exit 2
}

make_venv() {
  local python; python=$(find_python)
  [ -x "$venv/bin/pip" ] && return
  say "Making the virtual environment ..."
  rm -rf "$venv"
  if ! "$python" -m venv "$venv" >/dev/null 2>&1; then
    rm -rf "$venv"
    local package; package="python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    install_packages "$package" || { say "Python cannot make virtual environments: sudo apt install $package"; exit 2; }
    "$python" -m venv "$venv"
  fi
}

python_packages() {
  local stamp
  stamp="$venv/.habla-$of_tests-$(cat requirements.txt "$requirements" constraints.txt | sha256sum | cut -c1-16)"
  [ -e "$stamp" ] && return
  say "Installing $requirements ..."
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
  rm -f "$venv/.habla-$of_tests-"*
  touch "$stamp"
}

make_venv
python_packages
[ -z "$packages" ] || system_packages
