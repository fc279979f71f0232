# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The truth tables by group."""

from __future__ import annotations

import cases_auditing
import cases_authentication
import cases_bloat
import cases_column_types
import cases_columns
import cases_comments
import cases_configuration
import cases_constraint_advice
import cases_constraints
import cases_contract
import cases_contract_access
import cases_contract_keys
import cases_data
import cases_data_contract
import cases_data_sequences
import cases_default_privileges
import cases_exposure
import cases_extensions
import cases_foreign_key_graph
import cases_foreign_key_rules
import cases_foreign_keys
import cases_function_advice
import cases_functions
import cases_index_design
import cases_index_usage
import cases_indexes
import cases_integrity
import cases_materialized_views
import cases_missing_privileges
import cases_naming
import cases_privileges
import cases_redundant_indexes
import cases_replication
import cases_roles
import cases_row_security
import cases_schemas
import cases_sequence_links
import cases_sequences
import cases_server
import cases_statistics
import cases_table_shape
import cases_tables
import cases_transport
import cases_triggers
import cases_vacuum
import cases_view_drift
import cases_view_writes
import cases_views
import cases_wraparound
from cases import Case

CASES: dict[str, list[Case]] = {
    "foreign-keys": cases_foreign_keys.CASES,
    "foreign-key-rules": cases_foreign_key_rules.CASES,
    "foreign-key-graph": cases_foreign_key_graph.CASES,
    "constraints": cases_constraints.CASES,
    "constraint-advice": cases_constraint_advice.CASES,
    "missing-privileges": cases_missing_privileges.CASES,
    "privileges": cases_privileges.CASES,
    "roles": cases_roles.CASES,
    "auditing": cases_auditing.CASES,
    "authentication": cases_authentication.CASES,
    "exposure": cases_exposure.CASES,
    "transport": cases_transport.CASES,
    "row-security": cases_row_security.CASES,
    "tables": cases_tables.CASES,
    "columns": cases_columns.CASES,
    "views": cases_views.CASES,
    "materialized-views": cases_materialized_views.CASES,
    "sequences": cases_sequences.CASES,
    "indexes": cases_indexes.CASES,
    "redundant-indexes": cases_redundant_indexes.CASES,
    "index-design": cases_index_design.CASES,
    "index-usage": cases_index_usage.CASES,
    "vacuum": cases_vacuum.CASES,
    "statistics": cases_statistics.CASES,
    "wraparound": cases_wraparound.CASES,
    "bloat": cases_bloat.CASES,
    "replication": cases_replication.CASES,
    "configuration": cases_configuration.CASES,
    "server": cases_server.CASES,
    "integrity": cases_integrity.CASES,
    "extensions": cases_extensions.CASES,
    "column-types": cases_column_types.CASES,
    "view-writes": cases_view_writes.CASES,
    "view-drift": cases_view_drift.CASES,
    "data": cases_data.CASES,
    "data-sequences": cases_data_sequences.CASES,
    "sequence-links": cases_sequence_links.CASES,
    "triggers": cases_triggers.CASES,
    "table-shape": cases_table_shape.CASES,
    "functions": cases_functions.CASES,
    "function-advice": cases_function_advice.CASES,
    "default-privileges": cases_default_privileges.CASES,
    "naming": cases_naming.CASES,
    "schemas": cases_schemas.CASES,
    "comments": cases_comments.CASES,
    "data-contract": cases_data_contract.CASES,
    "contract": cases_contract.CASES,
    "contract-keys": cases_contract_keys.CASES,
    "contract-access": cases_contract_access.CASES,
}
