# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three programs at once, on the same rows: nothing is doubled, lost, or said to be done when it was not."""

from __future__ import annotations

from functools import partial

from conftest import Answer, Database

SESSIONS = 8
SERVERS = 12
RETRY = "40001"


def insert(number: int) -> str:
    return f"INSERT INTO servers (ip, port) VALUES ('198.51.100.{number}', 60002) RETURNING id"


def test_many_sync_jobs_insert_the_same_servers(database: Database) -> None:
    def job(turn: int) -> list[tuple[int, Answer]]:
        order = [(number + 3 * turn) % SERVERS for number in range(SERVERS)]
        return list(zip(order, database.session([insert(number) for number in order])))

    answers = [
        pair
        for job_answers in database.at_once([partial(job, turn) for turn in range(SESSIONS)])
        for pair in job_answers
    ]
    assert len(answers) == SESSIONS * SERVERS
    assert {answer.sqlstate for _number, answer in answers} == {""}, [
        answer.text for _number, answer in answers if answer.sqlstate
    ]
    told = {(number, answer.value) for number, answer in answers}
    stored = database.operator(
        "SELECT e.ip, e.id, e.verified, count(v.id) FROM endpoints e "
        "LEFT JOIN verified_endpoints v ON v.endpoint_id = e.id WHERE e.port = 60002 GROUP BY e.id"
    )
    assert told == {(int(ip.rpartition(".")[2]), key) for ip, key, _verified, _rows in stored}
    assert {(verified, rows) for _ip, _key, verified, rows in stored} == {("1", "1")}


def test_increments_from_many_sessions_are_all_there(database: Database) -> None:
    key = database.program(
        "INSERT INTO servers (ip, port, scan_date) VALUES ('198.51.100.99', 60002, '2026-01-01 00:00+00') RETURNING id"
    ).value
    step = f"UPDATE servers SET scan_date = scan_date + interval '1 minute' WHERE id = {key}"
    answers = [
        answer
        for session in database.at_once([partial(database.session, [step] * 10)] * SESSIONS)
        for answer in session
    ]
    assert {answer.sqlstate for answer in answers} <= {"", RETRY}, [
        answer.text for answer in answers if answer.sqlstate
    ]
    done = sum(answer.count for answer in answers if not answer.sqlstate)
    stored = database.number(
        f"SELECT (extract(epoch FROM scan_date - '2026-01-01 00:00+00') / 60)::int FROM endpoints WHERE id = {key}"
    )
    assert done == stored, f"{done} updates were reported as done and {stored} are stored"
    assert done >= 10, f"only {done} of {10 * SESSIONS} updates got through"


def test_pruners_delete_while_the_bot_updates(database: Database) -> None:
    keys = [answer.value for answer in database.session([insert(number) for number in range(100, 100 + SERVERS)])]

    def insist(statement: str) -> int:
        for _turn in range(50):
            answer = database.program(statement)
            if answer.sqlstate != RETRY:
                assert not answer.sqlstate, answer.text
                return answer.count
        raise AssertionError(f"refused 50 times: {statement}")

    def prune(order: list[str]) -> int:
        return sum(insist(f"DELETE FROM servers WHERE id = {key}") for key in order)

    def bot() -> int:
        answers = database.session([f"UPDATE servers SET scan_date = now() WHERE id = {key}" for key in keys * 5])
        assert {answer.sqlstate for answer in answers} <= {"", RETRY}, [
            answer.text for answer in answers if answer.sqlstate
        ]
        return sum(answer.count for answer in answers if not answer.sqlstate)

    first, second, *_updates = database.at_once([partial(prune, keys), partial(prune, keys[::-1]), bot, bot])
    assert first + second == SERVERS, f"{first} and {second} rows were reported as deleted, there were {SERVERS}"
    assert database.number("SELECT count(*) FROM endpoints WHERE port = 60002") == 0
    children = "SELECT endpoint_id FROM verified_endpoints"
    orphans = f"SELECT count(*) FROM ({children}) AS v WHERE NOT EXISTS (SELECT FROM endpoints WHERE id = endpoint_id)"
    assert database.number(orphans) == 0
