# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports are where they were asked for, name what is wrong with the scanner's database, and lead out of it."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from conftest import DATABASE, FOLDER, Reviewed

ENDINGS = ("json", "md", "sarif", "junit.xml")
#: Check and object of what is wrong with it, one of each kind.
DEFECTS = {
    ("view-not-writable", "public.servers"),
    ("data-null-where-expected", "public.endpoints.verification_date"),
    ("data-null-where-expected", "public.endpoints.last_check_date"),
    ("fk-delete-rule-unexpected", "public.benchmark_results.benchmark_results_model_id_fkey"),
    ("data-rules", 'public."verified-has-row"'),
    ("data-rules", 'public."row-has-verified"'),
    ("data-rules", 'public."honeypot-not-active"'),
    ("index-redundant-unique", "public.metadata.idx_metadata_key"),
    ("index-redundant-unique", "public.verified_endpoints.idx_verified_endpoints_endpoint_id"),
    ("index-redundant-prefix", "public.models.idx_models_endpoint_id"),
    ("index-redundant-prefix", "public.endpoints.idx_endpoints_ip"),
    ("index-redundant-prefix", "public.endpoints.idx_endpoints_verified"),
    ("fk-missing", "public.chat_history.model_id"),
    ("fk-missing", "public.user_selected_models.model_id"),
    ("column-date-as-text", 'public.chat_history."timestamp"'),
    ("column-date-as-text", "public.user_selected_models.selection_date"),
    ("contract-grant-missing", "public.chat_history"),
    ("sequence-usage-missing", "public.endpoints_id_seq"),
}
#: What the programs lack by the contract, and with it by what they may do.
LACKING = {("contract-grant-missing", "public.endpoints_id_seq"), ("sequence-usage-missing", "public.endpoints_id_seq")}
SCRIPTS = ("scanner_roles.sql", "scanner_schema.sql", "scanner_data.sql")
ROWS = """
SELECT c.relname, (xpath('//n/text()', query_to_xml(format(
  'SELECT count(*) AS n, count(DISTINCT xmin::text) AS writers FROM %I', c.relname), false, true, '')))[1]
FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1
"""
WRITERS = ROWS.replace("//n/", "//writers/")


def test_reports_are_there_for_their_readers_alone(reviewed: Reviewed) -> None:
    folder = reviewed.host.file(FOLDER)
    assert (folder.is_directory, folder.user, folder.mode) == (True, "postgres", 0o750)
    assert sorted(folder.listdir()) == sorted(f"{DATABASE}.{ending}" for ending in ENDINGS)
    for ending in ENDINGS:
        file = reviewed.host.file(f"{FOLDER}/{DATABASE}.{ending}")
        assert (file.is_file, file.user, file.group, file.mode) == (True, "postgres", "postgres", 0o640)


def test_the_controller_has_the_same(reviewed: Reviewed) -> None:
    assert {path.name for path in reviewed.copies.iterdir()} == {f"{DATABASE}.{ending}" for ending in ENDINGS}
    for ending in ENDINGS:
        copy = (reviewed.copies / f"{DATABASE}.{ending}").read_text(encoding="utf-8")
        assert copy == reviewed.text(ending)


def test_the_review_names_the_defects(reviewed: Reviewed) -> None:
    review = reviewed.document()
    version = reviewed.sql("SHOW server_version")[0][0]
    assert (review["kind"], review["database"], review["server_version"]) == ("review", DATABASE, version)
    assert review["verdict"] == "critical"
    assert review["not_checked"] == []
    assert DEFECTS - {(finding["check"], finding["object"]) for finding in review["findings"]} == set()
    assert "public.models.idx_models_name" not in {finding["object"] for finding in review["findings"]}


def test_the_other_formats_say_the_same(reviewed: Reviewed) -> None:
    findings = reviewed.document()["findings"]
    keys = [finding["key"] for finding in findings]
    sarif = json.loads(reviewed.text("sarif"))
    assert sarif["version"] == "2.1.0"
    marked = [mark for result in sarif["runs"][0]["results"] for mark in result["partialFingerprints"].values()]
    assert sorted(marked) == sorted(keys)
    suite = ElementTree.fromstring(reviewed.text("junit.xml"))
    assert sum(1 for _failure in suite.iter("failure")) >= len({finding["check"] for finding in findings})
    markdown = reviewed.text("md")
    assert markdown.startswith(f"# Review of database {DATABASE}\n")
    assert all(f"### {check}\n" in markdown for check, _object in DEFECTS)


def test_the_database_is_what_it_was(reviewed: Reviewed) -> None:
    twin = "pgops_twin"
    reviewed.as_postgres("dropdb", "--if-exists", twin)
    reviewed.as_postgres("createdb", "--encoding=UTF8", "--template=template0", twin)
    for script in SCRIPTS:
        reviewed.as_postgres("psql", "-Xq1", "-v", "ON_ERROR_STOP=1", "-d", twin, "-f", f"/var/tmp/pgops_{script}")
    pictures = []
    for database in (DATABASE, twin):
        dump = reviewed.as_postgres("pg_dump", "--schema-only", database).splitlines()
        # Newer releases write a random word there.
        pictures.append([line for line in dump if not line.startswith(("\\restrict", "\\unrestrict"))])
    rows = [reviewed.sql(ROWS, database) for database in (DATABASE, twin)]
    reviewed.as_postgres("dropdb", twin)
    assert pictures[0] == pictures[1]
    assert len(pictures[0]) > 100
    assert rows[0] == rows[1]
    # Each row is as the one transaction that filled the tables left it.
    assert {writers for _table, writers in reviewed.sql(WRITERS)} == {"1"}


def test_what_a_finding_says_makes_it_go_away(reviewed: Reviewed) -> None:
    may = "SELECT has_sequence_privilege('ollama', 'endpoints_id_seq', 'USAGE')"
    before = reviewed.document()
    found = {(finding["check"], finding["object"]): finding for finding in before["findings"]}
    fix = found[min(LACKING)]["fix"]
    assert fix["automatic"]
    assert reviewed.sql(may) == [["f"]]

    reviewed.apply(fix["steps"])
    try:
        assert reviewed.sql(may) == [["t"]]
        again = reviewed.review_again(f"{FOLDER}_again")
    finally:
        reviewed.apply(fix["undo"])

    assert reviewed.sql(may) == [["f"]]
    assert {(gone["check"], gone["object"]) for gone in again["resolved"]} == LACKING
    left = {(finding["check"], finding["object"]) for finding in again["findings"]}
    assert left ^ (set(found) - LACKING) == set()
    assert {finding["state"] for finding in again["findings"]} == {"known"}
