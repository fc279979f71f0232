# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the collection at work on the Ollama Scanner's database, on a throwaway PostgreSQL.

It makes the database with every defect of the live one, plays on it what the three programs say, runs the playbook
site.yml twice, asks the server what is true then, and removes everything. Downloads are kept in .cache.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

from .base import CACHE, ROOT, SetupError, cache_folder, end_on_signals, tail
from .binaries import SUPPORTED, Binaries, ready_binaries
from .cluster import Cluster
from .collections import collections_paths
from .demo_acts import act, write_acts
from .demo_claims import (
    Claim,
    claim_objects,
    claim_rights,
    claim_rows,
    claim_second_run,
    claims_after,
    claims_before,
    claims_triggers,
)
from .demo_questions import APPLICATION, SCHEMA, VIEW, Facts, read_facts, read_traces
from .demo_report import Report
from .demo_review import head_of_review
from .demo_session import Session
from .environment import Environment, prepare_demo

DATABASE = "ollama_scanner"
HOST = "scanner_db"
PLAYBOOK = "ollama_scanner.pgops.site"
PLAYBOOK_SECONDS = 300
FIXTURES = ROOT / "tests" / "fixtures"
# Stay for a day when the server is gone, so that they can be read.
REPORTS = "demo-reports"
REPORTS_SECONDS = 24 * 3600
RECAP = re.compile(rf"^{HOST}\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)
PLURALS = {"index": "indexes"}
EPILOGUE = """exit status: 0 every sentence of the summary holds; 1 one does not, or the playbook failed;
2 the surroundings do not allow it; 130 interrupted.
Whatever the end, the server and its files are removed, unless --keep was given."""


class DemoError(Exception):
    """The collection did not do what the demonstration is about."""


class Demo:
    """One run, from the preparations to the summary."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.report = Report(steps=7 + options.sabotage)

    def run(self) -> int:
        """Do everything and return the exit status."""
        say = self.report
        say.line(say.paint("The collection ollama_scanner.pgops on the Ollama Scanner's database", "bold"))
        say.line("Everything happens on a throwaway PostgreSQL; no other database of this machine is touched.")
        say.line()
        say.step("preparing Ansible (a small virtual environment and the built collection, kept in .cache)")
        environment = prepare_demo(self.options.install)
        collections = collections_paths(environment)
        binaries = ready_binaries(self.options.postgresql, self.options.install)
        forget_old_reports()
        origin = "of this machine" if binaries.source == "system" else f"from {binaries.source}"
        say.step(f"starting a throwaway PostgreSQL {binaries.major} {origin}")
        with self._server(binaries) as cluster:
            try:
                with Playbook(cluster, environment, collections) as playbook:
                    status = self._show(cluster, playbook)
            except DemoError as error:
                say.line(say.paint(f"\nNO  {error}", "red"))
                status = 1
            if self.options.keep:
                cluster.keep()
        if self.options.keep:
            self._say_how_to_go_on(cluster)
        elif cluster.folder.exists():
            say.line(f"NO  the server's folder {cluster.folder} is still there")
            status = 1
        else:
            say.line("The server is stopped and its files are removed (--keep leaves them).")
        return status

    @contextlib.contextmanager
    def _server(self, binaries: Binaries) -> Iterator[Cluster]:
        port = self.options.port
        # As on a real server: what a throwaway one trades for speed would be the first thing the review tells.
        settings = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
        with Cluster.start(binaries=binaries, tcp=port is not None, port=port, settings=settings) as cluster:
            yield cluster

    def _show(self, cluster: Cluster, playbook: Playbook) -> int:
        say = self.report
        session = Session(cluster, DATABASE)
        programs = Session(cluster, DATABASE, APPLICATION)
        say.step("creating the scanner's database, with its defects and synthetic rows")
        create_database(cluster)
        before = read_facts(session)
        say.step(f"playing the scanner's three programs on it as it is, as role {APPLICATION}")
        acts = write_acts(session)
        wrong = claims_before(acts, act(programs, acts))
        say.step(f"running ansible-playbook {PLAYBOOK}")
        made = playbook.run()
        traces = read_traces(session)
        say.step("running it again")
        claims = [claim_second_run(playbook.run(), traces, read_traces(session))]
        if self.options.sabotage:
            say.step("sabotage: dropping a trigger of the view behind its back")
            sabotage(session, cluster)
        say.step("asking the server what is true now, and playing the programs again")
        claims = [*claims_triggers(session), claim_rights(session), *claims_after(acts, act(programs, acts)), *claims]
        after = read_facts(session)
        self._summarise(before, after, wrong, claims, made)
        self._tell_review(reports(cluster) / HOST)
        compared = [claim_objects(before, after), claim_rows(before, after)]
        return self._judge([claim for claim in (*wrong, *compared, *claims) if not claim.holds])

    def _summarise(self, before: Facts, after: Facts, wrong: list[Claim], claims: list[Claim], made: int) -> None:
        say = self.report
        extent = f"{before.tables['endpoints'][0]:,} endpoints, {before.listed:,} in the view {VIEW}"
        say.heading("WHAT WAS WRONG", f"asked before the run ({extent})")
        say.wrapped(f"The programs write to {VIEW}, a view that joins two tables; PostgreSQL takes no writes to it:")
        say.claims(wrong, "-")
        say.heading("WHAT WAS CHANGED", f"from comparing the database before and after (Ansible: changed={made})")
        added = sorted(after.objects.keys() - before.objects.keys())
        for kind in dict.fromkeys(name.split(" ", 1)[0] for name in added):
            names = [name.split(" ", 1)[1] for name in added if name.startswith(f"{kind} ")]
            title = kind if len(names) == 1 else PLURALS.get(kind, f"{kind}s")
            say.wrapped(f"{len(names)} {title}: {', '.join(names)}", "  new ", "green")
        say.claims([claim_objects(before, after), claim_rows(before, after)])
        say.heading("WHAT IS NOW TRUE", f"asked after the run; the writes, as role {APPLICATION}, were rolled back")
        say.claims(claims)
        say.heading("WHAT IS STILL WRONG", "asked after the run; site.yml repairs the view and nothing else so far")
        say.wrapped("; ".join(after.defects) + ".")

    def _tell_review(self, folder: Path) -> None:
        say = self.report
        try:
            lines, summary = head_of_review(folder, DATABASE)
        except ValueError as error:
            raise DemoError(f"The playbook left no review: {error}.") from None
        say.heading("WHAT THE REVIEW SAYS", "the head of the report that the run wrote, the worst first")
        for line in lines:
            say.wrapped(line, "  - ", "yellow")
        say.wrapped(summary)
        say.line(f"  The whole report, with the reasons: {folder / DATABASE}.md")
        say.line()

    def _judge(self, false: list[Claim]) -> int:
        say = self.report
        if not false:
            say.line(say.paint(f"Every sentence above holds. It took {say.seconds:.0f} seconds.", "green"))
            return 0
        say.line(say.paint("This does NOT hold:", "red"))
        say.claims(false)
        return 1

    def _say_how_to_go_on(self, cluster: Cluster) -> None:
        say = self.report
        say.line()
        say.line("The server is kept. To look around, as the administrator or as the programs' role:")
        for user in (cluster.superuser, APPLICATION):
            place = ["-h", cluster.socket_dir, "-p", str(cluster.port), "-U", user, DATABASE]
            say.line("  " + shlex.join([str(cluster.bin_dir / "psql"), *place]))
        if cluster.tcp:
            access = f"127.0.0.1, port {cluster.port}, user {cluster.superuser}, password {cluster.password}"
            say.line(f"Over the network: {access}")
        say.line(f"The playbook's inventory and log: {cluster.folder / 'demo'}")
        say.line("To end it and remove everything:")
        say.line("  " + cluster.stop_command)


class Playbook:
    """The collection's site.yml, run from the installed tarball, far from the checkout."""

    def __init__(self, cluster: Cluster, environment: Environment, collections: list[Path]) -> None:
        self.folder = cluster.folder / "demo"
        self.folder.mkdir()
        (self.folder / "inventory.yml").write_text(inventory(cluster, self.folder), encoding="utf-8")
        # A name without spaces, wherever the checkout is: ansible-core 2.19 runs long tasks only with such a Python.
        (self.folder / "venv").symlink_to(environment.folder)
        programs = [str(self.folder / "venv" / "bin" / name) for name in ("python", "ansible-playbook")]
        self._command = [*programs, PLAYBOOK, "-i", "inventory.yml"]
        # A home of its own: Ansible keeps the state of its jobs there.
        names = ("HOME", "ANSIBLE_HOME", "ANSIBLE_LOCAL_TEMP", "ANSIBLE_REMOTE_TEMP", "ANSIBLE_ASYNC_DIR")
        inside = {name: str(self.folder / name.lower()) for name in names}
        (self.folder / "home").mkdir()
        kept = {key: value for key, value in environment.environ(collections).items() if not key.startswith("PG")}
        self._environ = {**kept, **inside, "ANSIBLE_NOCOLOR": "1"}

    def __enter__(self) -> Playbook:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: object) -> None:
        """End what still runs in its folder: Ansible's watcher of a long task outlives it by seconds."""
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes()
                folder = Path(os.readlink(process / "cwd"))
            except OSError:
                continue
            if os.fsencode(self.folder) + b"/" in words or self.folder in (folder, *folder.parents):
                with contextlib.suppress(OSError):
                    os.kill(int(process.name), signal.SIGKILL)

    def run(self) -> int:
        """Run it and return the number of changed tasks; a DemoError says how it failed."""
        try:
            done = subprocess.run(
                self._command,
                cwd=self.folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=PLAYBOOK_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            said = error.stdout.decode(errors="replace") if isinstance(error.stdout, bytes) else error.stdout or ""
            raise DemoError(self._failure(said, f"was given up after {PLAYBOOK_SECONDS} seconds")) from None
        with (self.folder / "playbook.log").open("a", encoding="utf-8") as log:
            log.write(done.stdout)
        recap = RECAP.search(done.stdout)
        if done.returncode != 0 or recap is None or recap.group(1) == "0" or recap.group(3, 4) != ("0", "0"):
            raise DemoError(self._failure(done.stdout, f"ended with status {done.returncode}"))
        return int(recap.group(2))

    @staticmethod
    def _failure(said: str, end: str) -> str:
        return f"The playbook {PLAYBOOK} {end}. Its last lines:\n{textwrap.indent(tail(said), '    ')}"


def inventory(cluster: Cluster, folder: Path) -> str:
    """An inventory as an operator writes it, for the server on this machine."""
    return f"""---
postgresql:
  hosts:
    {HOST}:
      ansible_connection: local
      ansible_python_interpreter: '{{{{ ansible_playbook_python }}}}'
      pgops_become: false
      pgops_root: {json.dumps(str(folder / "root"))}
      pgops_login_unix_socket: {json.dumps(cluster.socket_dir)}
      pgops_login_port: {cluster.port}
      pgops_login_user: {cluster.superuser}
      pg_schema_review_controller_folder: {json.dumps(str(reports(cluster)))}
      pgops_databases:
        - name: {DATABASE}
          contract: {DATABASE}
"""


def reports(cluster: Cluster) -> Path:
    """Where the reports of this run are written."""
    return cache_folder(REPORTS) / cluster.folder.name


def forget_old_reports() -> None:
    """Remove the reports of runs that are long over; two runs at once leave each other's alone."""
    for folder in cache_folder(REPORTS).iterdir():
        with contextlib.suppress(FileNotFoundError):
            if time.time() - folder.stat().st_mtime > REPORTS_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def create_database(cluster: Cluster) -> None:
    """The scanner's database, from the files the tests use."""
    cluster.psql(FIXTURES / "scanner_roles.sql")
    cluster.psql(f"CREATE DATABASE {DATABASE} TEMPLATE template0")
    for name in ("scanner_schema.sql", "scanner_data.sql"):
        cluster.run("psql", "-Xq", "-1", "-v", "ON_ERROR_STOP=1", "-f", FIXTURES / name, dbname=DATABASE)


def sabotage(session: Session, cluster: Cluster) -> None:
    """Drop the last trigger of the view, whatever it is called."""
    query = f"SELECT max(tgname) FROM pg_trigger WHERE tgrelid = '{SCHEMA}.{VIEW}'::regclass AND NOT tgisinternal"
    name = session.value(query)
    if name is None:
        raise DemoError(f"There is nothing to sabotage: the view {SCHEMA}.{VIEW} has no trigger after the run.")
    cluster.psql(f'DROP TRIGGER "{name}" ON {SCHEMA}.{VIEW}', DATABASE)


def parse(words: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="script/demo",
        description=__doc__,
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--keep", action="store_true", help="leave the server running and say how to connect and how to end it")
    add("--sabotage", action="store_true", help="drop a trigger before the summary, to see that it is noticed")
    add("--no-install", dest="install", action="store_false", help="install no system packages, name what is missing")
    add(
        "--postgresql", type=int, metavar="MAJOR", choices=list(SUPPORTED), help="this major (default: the newest here)"
    )
    add("--port", type=int, metavar="PORT", help="also listen on 127.0.0.1 at this port, with a password")
    return parser.parse_args(words)


def main() -> int:
    """Run the demonstration; every end that is not its own failure is one sentence."""
    options = parse(sys.argv[1:])
    end_on_signals()
    try:
        return Demo(options).run()
    except SetupError as error:
        problem, status = str(error), 2
    except BrokenPipeError:
        # Nobody reads on; Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        full = "The disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        problem, status = f"{full}{place}; downloads are kept in {CACHE}, the server in the temporary folder.", 2
    except KeyboardInterrupt:
        problem, status = "Interrupted; the server and its files are removed.", 130
    sys.stdout.flush()
    sys.stderr.write(f"script/demo: {problem}\n")
    return status


if __name__ == "__main__":
    raise SystemExit(main())
