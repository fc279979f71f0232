# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
#
# Read by script/demo, script/test and script/bench: finds a Python that runs and hands over to script/tooling/NAME.py.
# Usage: start HERE NAME ARGUMENTS...

runs() {
    "$1" -I -c 'import sys; sys.exit(sys.version_info < (3, 9))' >/dev/null 2>&1
}

find_python() {
    for python in python3 /usr/bin/python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9; do
        if runs "$python"; then
            return 0
        fi
    done
    return 1
}

say_and_leave() {
    echo "script/$name: $1" >&2
    exit 1
}

install_python() {
    wish="Python 3.9 or newer is needed, and none runs here: install python3 and python3-venv and try again."
    for word in "$@"; do
        if [ "$word" = "--no-install" ]; then
            say_and_leave "$wish"
        fi
    done
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        say_and_leave "$wish"
    fi
    echo "Installing the system packages python3 python3-venv (to run script/$name) ..."
    log=$(mktemp)
    if ! { apt-get -q -y update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends \
        python3 python3-venv; } >"$log" 2>&1; then
        tail -n 5 "$log" >&2
        rm -f "$log"
        say_and_leave "python3 could not be installed by apt-get (its last lines stand above)."
    fi
    rm -f "$log"
}

start() {
    here=$1
    name=$2
    shift 2
    if ! find_python; then
        install_python "$@"
        find_python || say_and_leave "python3 was installed, but does not run."
    fi
    # -I: nobody's PYTHONPATH or own packages; -B: no compiled files in the checkout.
    exec "$python" -I -B -c '
import runpy, sys
here, name = sys.argv[1:3]
sys.path.insert(0, here)
sys.argv[:3] = ["script/" + name]
runpy.run_module("tooling." + name, run_name="__main__")
' "$here" "$name" "$@"
}
