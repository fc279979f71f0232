# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The findings that the default checks give on known databases: check and object, severity, and why it is right."""

from __future__ import annotations

Frozen = dict[tuple[str, str], tuple[str, str]]

#: What a release is worth changes with the day.
OF_THE_DAY = ("minor-version-behind", "major-end-of-life")

SERVER: Frozen = {
    ("fsync-off", "fsync"): ("critical", "The throwaway server trades the safety of data for speed."),
    ("full-page-writes-off", "full_page_writes"): (
        "critical",
        "The throwaway server trades the safety of data for speed.",
    ),
    ("hba-trust", '"local all all trust"'): ("error", "The throwaway server lets everybody on its socket in."),
    ("hba-trust", '"local replication all trust"'): (
        "error",
        "The throwaway server lets everybody on its socket in, for replication too.",
    ),
}
#: From 15 on public is not open to everybody.
BEFORE_15 = {("public-schema-create", "public")}

_SEQUENCE_USAGE: Frozen = {
    ("sequence-usage-missing", f"public.{table}_id_seq"): (
        "error",
        "ollama inserts rows and may not draw the number that fills id: defect 8.",
    )
    for table in ("benchmark_results", "endpoints", "models", "verified_endpoints")
}
_REDUNDANT: Frozen = {
    ("index-redundant-prefix", "public.endpoints.idx_endpoints_ip"): (
        "warning",
        "The unique key on (ip, port) begins with it: defect 6.",
    ),
    ("index-redundant-prefix", "public.endpoints.idx_endpoints_verified"): (
        "warning",
        "Two wider indexes begin with verified: defect 6.",
    ),
    ("index-redundant-prefix", "public.models.idx_models_endpoint_id"): (
        "warning",
        "The unique key on (endpoint_id, name) begins with it: defect 6.",
    ),
    ("index-redundant-unique", "public.metadata.idx_metadata_key"): (
        "warning",
        "It doubles the primary key, which the owners' script missed: defect 6.",
    ),
    ("index-redundant-unique", "public.verified_endpoints.idx_verified_endpoints_endpoint_id"): (
        "warning",
        "It doubles the unique key on endpoint_id: defect 6.",
    ),
}
_SCHEMA: Frozen = {
    ("public-schema-create", "public"): (
        "error",
        "Before 15 everybody may create objects in public, in template0 too.",
    ),
    ("column-date-as-text", 'public.chat_history."timestamp"'): ("warning", "It holds dates as text: defect 7."),
    ("column-date-as-text", "public.user_selected_models.selection_date"): (
        "warning",
        "It holds dates as text: defect 7.",
    ),
    ("dead-rows", "public.metadata"): ("warning", "19 of 33 row versions are dead in a small hot table: defect 4."),
    ("fk-missing", "public.chat_history.model_id"): ("warning", "It refers to models without a key: defect 7."),
    ("fk-missing", "public.user_selected_models.model_id"): (
        "warning",
        "It refers to models without a key: defect 7.",
    ),
    ("view-not-writable", "public.servers"): ("error", "ollama may write to it, and it takes no writes: defect 1."),
}

NO_CONTRACT: Frozen = {**_SCHEMA, **_REDUNDANT, **_SEQUENCE_USAGE}

_GRANTS: Frozen = {
    ("contract-grant-missing", f"public.{name}"): ("error", "The contract wants it, and ollama lacks it: defect 8.")
    for name in (
        "benchmark_results_id_seq",
        "chat_history",
        "chat_history_id_seq",
        "endpoints_id_seq",
        "models_id_seq",
        "schema_version",
        "schema_version_id_seq",
        "user_selected_models",
        "verified_endpoints_id_seq",
    )
}
_RULES: Frozen = {
    ("data-rules", 'public."honeypot-not-active"'): ("error", "216 honeypots are still active: defect 5."),
    ("data-rules", 'public."honeypot-not-verified"'): ("error", "4 honeypots are verified: defect 5."),
    ("data-rules", 'public."row-has-verified"'): ("error", "5 rows have an endpoint with verified = 0: defect 5."),
    ("data-rules", 'public."verified-has-row"'): ("error", "9 verified endpoints have no row: defect 5."),
    ("data-rules", 'public."verified-is-active"'): ("error", "107 verified endpoints are not active: defect 5."),
    ("data-rules", 'public."chat-history-has-model"'): ("warning", "2 chat rows name a model that is gone: defect 7."),
    ("data-rules", 'public."selected-model-exists"'): ("warning", "1 selected model is gone: defect 7."),
}
SCANNER: Frozen = {
    **NO_CONTRACT,
    **_GRANTS,
    **_RULES,
    ("data-null-where-expected", "public.endpoints.last_check_date"): (
        "error",
        "Half of the endpoints have none, and the contract fills them: defect 2.",
    ),
    ("data-null-where-expected", "public.endpoints.verification_date"): (
        "error",
        "21 verified endpoints have none, and the contract fills them: defect 2.",
    ),
    ("fk-delete-rule-unexpected", "public.benchmark_results.benchmark_results_model_id_fkey"): (
        "error",
        "It sets NULL where the contract wants cascade: defect 3.",
    ),
}

GENERATED: Frozen = {
    ("index-redundant-unique", f"public.t{number}.t{number}_code_idx"): (
        "warning",
        "Made beside the unique key on code on purpose.",
    )
    for number in (3, 13, 23)
}

CLEAN: Frozen = {}
