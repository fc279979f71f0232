# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scripts share: errors as sentences, locks, Pythons, packages, steps and the table of the checks."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from tooling import base, docker, environment, interpreters, lint, packages, pytests, test
from tooling.base import SetupError
from tooling.interpreters import Interpreter
from tooling.steps import Steps

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "script"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache for one test."""
    monkeypatch.setattr(base, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


# -- base -------------------------------------------------------------------------------------------------------------


def test_a_digest_follows_content_and_borders(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("one", encoding="utf-8")
    first = base.digest(file, "x")
    file.write_text("two", encoding="utf-8")
    assert base.digest(file, "x") != first
    assert base.digest("ab", "c") != base.digest("a", "bc")


def test_a_failed_program_is_one_sentence() -> None:
    code = "import sys; sys.stderr.write('hello\\nERROR: no such thing\\nbye\\n'); sys.exit(3)"
    with pytest.raises(SetupError) as caught:
        base.run([sys.executable, "-c", code], what="Trying")
    assert str(caught.value) == "Trying failed with status 3: ERROR: no such thing"


@pytest.mark.parametrize(
    ("command", "timeout", "sentence"),
    [
        (["/nowhere/program"], 5, "Trying needs the program /nowhere/program, which is not there."),
        ([sys.executable, "-c", "import time; time.sleep(30)"], 0.2, "Trying was given up after 0 seconds."),
        ([str(SCRIPT)], 5, f"Trying could not run {SCRIPT}: Permission denied."),
    ],
    ids=["missing", "too slow", "no program"],
)
def test_what_cannot_run_is_one_sentence(command: list[str], timeout: float, sentence: str) -> None:
    with pytest.raises(SetupError) as caught:
        base.run(command, what="Trying", timeout=timeout)
    assert str(caught.value) == sentence


def test_a_full_disk_is_refused_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: SimpleNamespace(free=7_000_000))
    with pytest.raises(SetupError, match=f"Only 7 MB are free in {tmp_path}, and the test needs 50 MB there"):
        base.need_space(tmp_path, 50, "the test")


def test_a_staged_folder_appears_when_complete_or_not_at_all(tmp_path: Path) -> None:
    final = tmp_path / "final"

    def die_half_way() -> None:
        with base.staged(final) as stage:
            (stage / "half").touch()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        die_half_way()
    assert list(tmp_path.iterdir()) == []
    with base.staged(final) as stage:
        (stage / "whole").touch()
        assert not final.exists()
    assert [path.name for path in final.iterdir()] == ["whole"]
    assert [path.name for path in tmp_path.iterdir()] == ["final"]


def test_a_lock_holds_others_off_and_dies_with_its_holder(own_cache: Path) -> None:
    code = "import sys, time; sys.path.insert(0, sys.argv[1])\nfrom tooling.base import lock\n"
    code += "with lock('name'):\n    print('held', flush=True)\n    time.sleep(60)\n"
    env = {**os.environ, "PGOPS_CACHE": str(own_cache)}
    with subprocess.Popen([sys.executable, "-c", code, str(SCRIPT)], env=env, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(SetupError, match="Another run has held .*name.lock for 0 seconds"), base.lock("name", 0.3):
            pass
        holder.kill()
    begun = time.monotonic()
    with base.lock("name", 5):
        assert time.monotonic() - begun < 2


def test_waiting_for_a_lock_is_not_counted_as_work(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps("part", 60)
    monkeypatch.setattr(base, "WAITED", base.WAITED)
    base.WAITED[0] += 40
    steps.started -= 50
    assert 9 < steps.spent < 15


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (SetupError("It is so."), "script/name: It is so.\n"),
        (
            OSError(errno.ENOSPC, "No space left on device", "/x"),
            "script/name: No space left on device while writing /x: make room and try again.\n",
        ),
    ],
    ids=["surroundings", "disk"],
)
def test_a_script_ends_with_one_sentence(error: Exception, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> int:
        raise error

    assert base.guarded("name", main) == 1
    assert capsys.readouterr().err == sentence


# -- Pythons and environments -----------------------------------------------------------------------------------------


def test_a_wrapper_that_fails_is_no_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrapper = tmp_path / "python3.12"
    wrapper.write_text("#!/bin/sh\necho 'command not found' >&2\nexit 127\n", encoding="utf-8")
    wrapper.chmod(0o755)
    monkeypatch.setattr(interpreters, "_candidates", lambda: [wrapper, Path(sys.executable)])
    interpreters.interpreters.cache_clear()
    try:
        found = interpreters.interpreters()
    finally:
        interpreters.interpreters.cache_clear()
    assert [one.version for one in found] == [sys.version_info[:3]]
    assert found[0].path == Path(sys.executable)


def pythons(monkeypatch: pytest.MonkeyPatch, *versions: tuple[int, int], whole: bool = True) -> None:
    found = tuple(Interpreter((*version, 0), Path(f"/python{version[1]}"), whole) for version in versions)
    fake = SimpleNamespace(cache_clear=lambda: None)
    monkeypatch.setattr(
        environment, "interpreters", type("Found", (), {"__call__": lambda _self: found, **vars(fake)})()
    )
    monkeypatch.setattr(environment, "is_debian", lambda: False)


def test_each_core_runs_at_its_end_of_the_range(monkeypatch: pytest.MonkeyPatch) -> None:
    pythons(monkeypatch, (3, 9), (3, 11), (3, 12), (3, 13))
    ready, missing = environment.plan_cores()
    assert [(core.name, python.minor) for core, python in ready] == [("2.19", (3, 11)), ("2.21", (3, 13))]
    assert missing == []


def test_a_core_that_cannot_run_is_named_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    pythons(monkeypatch, (3, 9), (3, 11))
    ready, missing = environment.plan_cores()
    assert [core.name for core, _python in ready] == ["2.19"]
    reason = "it needs Python 3.12 to 3.14, and the Pythons here are 3.9, 3.11"
    assert [(core.name, why) for core, why in missing] == [("2.21", reason)]


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("2.19,2.21", "ansible-core 2.21 was asked for: it needs Python 3.12 to 3.14"),
        ("2.18", "PGOPS_CORES names ansible-core 2.18, and only 2.19, 2.21 are known."),
    ],
    ids=["no Python", "unknown"],
)
def test_a_core_that_was_asked_for_must_run(monkeypatch: pytest.MonkeyPatch, wanted: str, sentence: str) -> None:
    pythons(monkeypatch, (3, 11))
    with pytest.raises(SetupError) as caught:
        environment.plan_cores(wanted)
    assert sentence in str(caught.value)


def test_without_any_core_there_is_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    pythons(monkeypatch, (3, 11), whole=False)
    with pytest.raises(SetupError, match="Python 3.11.* cannot make virtual environments here"):
        environment.plan_cores()


# -- system packages --------------------------------------------------------------------------------------------------


def test_nothing_missing_asks_for_nothing() -> None:
    assert packages.program("sh", "dash", "shells").present()
    packages.require([packages.program("sh", "dash", "shells")], install=False)


@pytest.mark.parametrize(
    ("debian", "root", "install", "phrase"),
    [
        (True, True, False, "--no-install was given: run apt-get install some-package."),
        (True, False, True, "run, as root, apt-get install some-package."),
        (False, True, True, "This machine lacks what Debian packages as some-package (for tests)"),
    ],
    ids=["refused", "no rights", "another system"],
)
def test_missing_packages_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch, debian: bool, root: bool, install: bool, phrase: str
) -> None:
    monkeypatch.setattr(packages, "is_debian", lambda: debian)
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    with pytest.raises(SetupError) as caught:
        packages.require([packages.program("no-such-program", "some-package", "tests")], install)
    assert phrase in str(caught.value)


# -- steps and parts --------------------------------------------------------------------------------------------------


def python_step(steps: Steps, code: str, **more: object) -> bool:
    return steps.command("a step", [sys.executable, "-c", code], dict(os.environ), ROOT, **more)  # type: ignore[arg-type]


def test_a_step_passes_fails_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    steps = Steps("part", 60)
    assert python_step(steps, "print('3 passed')", show="passed")
    assert not python_step(steps, "import sys; print('ERROR: it broke'); sys.exit(4)")
    assert python_step(steps, "pass")
    assert (steps.passed, steps.failed, steps.count) == (False, ["a step"], 3)
    told = capsys.readouterr().out
    assert "3 passed" in told
    assert "ended with status 4; it reports:\n         ERROR: it broke" in told
    log = Path(told.rpartition("The whole log: ")[2].splitlines()[0])
    assert log.is_file()


def test_a_step_that_hangs_is_ended_with_its_children(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tooling.steps.LEAST_SECONDS", 4.0)
    mark = tmp_path / "child"
    code = "import subprocess, sys, time\n"
    code += "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    code += f"open({str(mark)!r}, 'w').write(str(child.pid))\ntime.sleep(60)\n"
    steps = Steps("part", 0)
    begun = time.monotonic()
    assert not python_step(steps, code)
    assert time.monotonic() - begun < 30
    child = Path("/proc") / mark.read_text(encoding="utf-8") / "stat"
    deadline = time.monotonic() + 10
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(child)


def alive(process: Path) -> bool:
    try:
        return process.read_text(encoding="utf-8").split()[2] != "Z"
    except OSError:
        return False


def test_a_sanity_run_that_tested_nothing_is_a_failure() -> None:
    names = ("import", "validate-modules", "shellcheck", "pylint", "compile", "pep8")
    log = "".join(f'Running sanity test "{name}"\n' for name in names)
    assert lint._sanity_ran(log) == "6 tests"
    with pytest.raises(SetupError, match="never ran shellcheck"):
        lint._sanity_ran(log.replace("shellcheck", "other"))
    with pytest.raises(SetupError, match="never ran on a file"):
        lint._sanity_ran(log + "WARNING: All targets skipped.\n")


def test_plays_run_on_every_core_and_the_rest_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[list[str]] = []
    monkeypatch.setattr(pytests, "collections_paths", lambda _environment: [])
    monkeypatch.setattr(pytests, "_server", lambda _major, _install: None)
    monkeypatch.setattr(Steps, "command", lambda _steps, _name, command, *_more, **_options: told.append(command))
    python = interpreters.Interpreter((3, 12, 0), Path(sys.executable), True)
    both = [environment.Environment(name, Path("/venv"), python) for name in ("venv-2.19", "venv-2.21")]
    pytests.run_integration(Steps("part", 60), both, False)
    ignored = [[word for word in command if str(word).startswith("--ignore=")] for command in told]
    folder = ROOT / "tests" / "integration"
    assert ignored == [[f"--ignore={folder / name}" for name in pytests.WITHOUT_ANSIBLE], []]
    through = [path.name for path in folder.rglob("*.py") if re.search(r"^from play", path.read_text("utf-8"), re.M)]
    assert through
    assert not set(through) & set(pytests.WITHOUT_ANSIBLE)


def result_of(run: test.Runner, minutes: int = 1) -> test.Result:
    return test._run(test.Part("part", minutes, "a part", run), [], False)


def test_a_part_is_judged_by_its_steps_and_its_budget() -> None:
    def fine(steps: Steps, _environments: object, _install: bool) -> None:
        steps.check("fine", lambda: None)

    def broken(steps: Steps, _environments: object, _install: bool) -> None:
        fine(steps, [], False)
        raise SetupError("It cannot run here.")

    assert result_of(fine).good
    assert result_of(fine, minutes=0).verdict == "OVER BUDGET"
    assert result_of(broken).verdict == "FAILED (It cannot run here.)"
    assert result_of(lambda _steps, _environments, _install: None).verdict == "FAILED (nothing ran)"


def test_an_unknown_part_ends_with_2_and_the_list() -> None:
    done = subprocess.run([SCRIPT / "test", "lint", "lnit"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr == "script/test: there is no part lnit; the parts are lint, unit, integration, molecule.\n"


def test_a_client_without_a_server_is_no_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = tmp_path / "docker"
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    client.write_text("#!/bin/sh\necho 'Client: fine'\nexit 0\n", encoding="utf-8")
    client.chmod(0o755)
    assert not docker.answers()
    client.write_text("#!/bin/sh\necho ' Server Version: 1'\n", encoding="utf-8")
    assert docker.answers()


@pytest.mark.parametrize("given", ["", "2.19"], ids=["found out", "given"])
def test_continuous_integration_calls_exactly_the_checks(tmp_path: Path, given: str) -> None:
    (tmp_path / "script").mkdir()
    (tmp_path / ".ci").mkdir()
    run = tmp_path / ".ci" / "run"
    shutil.copy2(ROOT / ".ci" / "run", run)
    checks = tmp_path / "script" / "test"
    checks.write_text('#!/bin/sh\necho "$CI $PGOPS_CORES $#"\nexit 7\n', encoding="utf-8")
    checks.chmod(0o755)
    env = {key: value for key, value in os.environ.items() if key not in ("CI", "PGOPS_CORES")}
    done = subprocess.run([run], env={**env, "PGOPS_CORES": given}, capture_output=True, text=True, check=False)
    newer = any((3, 12) <= found.minor <= (3, 14) for found in interpreters.interpreters())
    cores = given or ("2.19,2.21" if newer else "2.19")
    assert (done.returncode, done.stdout, done.stderr) == (7, f"true {cores} 0\n", "")
