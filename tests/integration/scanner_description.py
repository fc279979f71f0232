# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scanner's database in figures and objects, written down apart from the files that make it."""

from __future__ import annotations

TABLES = {
    "endpoints": """
        id integer not null default nextval('endpoints_id_seq'::regclass)
        ip text not null
        port integer not null
        scan_date timestamp with time zone default now()
        verified integer default 0
        verification_date timestamp with time zone
        is_honeypot boolean default false
        honeypot_reason text
        is_active boolean default true
        inactive_reason text
        last_check_date timestamp with time zone
        api_type character varying(10) default 'ollama'::character varying
        api_version character varying(20)
        auth_required boolean default false""",
    "verified_endpoints": """
        id integer not null default nextval('verified_endpoints_id_seq'::regclass)
        endpoint_id integer not null
        verification_date timestamp with time zone default now()""",
    "models": """
        id integer not null default nextval('models_id_seq'::regclass)
        endpoint_id integer not null
        name text not null
        parameter_size text
        quantization_level text
        size_mb numeric(12,2)
        model_type character varying(20)
        capabilities jsonb""",
    "benchmark_results": """
        id integer not null default nextval('benchmark_results_id_seq'::regclass)
        endpoint_id integer not null
        model_id integer
        test_date timestamp with time zone default now()
        avg_response_time numeric(10,4)
        tokens_per_second numeric(10,4)
        first_token_latency numeric(10,4)
        throughput_tokens numeric(10,4)
        throughput_time numeric(10,4)
        context_500_tps numeric(10,4)
        context_1000_tps numeric(10,4)
        context_2000_tps numeric(10,4)
        max_concurrent_requests integer
        concurrency_success_rate numeric(5,4)
        concurrency_avg_time numeric(10,4)
        success_rate numeric(5,4)""",
    "metadata": """
        key text not null
        value text
        updated_at timestamp with time zone default now()""",
    "schema_version": """
        id integer not null default nextval('schema_version_id_seq'::regclass)
        version text not null
        applied_at timestamp with time zone default now()""",
    "chat_history": """
        id integer not null default nextval('chat_history_id_seq'::regclass)
        user_id text
        model_id integer
        prompt text
        system_prompt text
        response text
        temperature real
        max_tokens integer
        timestamp text
        eval_count integer
        eval_duration real""",
    "user_selected_models": """
        user_id text not null
        model_id integer
        selection_date text""",
}
COLUMNS = """
SELECT concat(a.attname, ' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' not null' END,
              ' default ' || pg_get_expr(d.adbin, d.adrelid)) AS text
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
CONSTRAINTS = """
SELECT conrelid::regclass || ': ' || pg_get_constraintdef(oid) AS text
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
"""
EXPECTED_CONSTRAINTS = {
    "endpoints: PRIMARY KEY (id)",
    "endpoints: UNIQUE (ip, port)",
    "endpoints: CHECK (((api_type)::text = ANY"
    " ((ARRAY['ollama'::character varying, 'localai'::character varying])::text[])))",
    "verified_endpoints: PRIMARY KEY (id)",
    "verified_endpoints: UNIQUE (endpoint_id)",
    "verified_endpoints: FOREIGN KEY (endpoint_id) REFERENCES endpoints(id) ON DELETE CASCADE",
    "models: PRIMARY KEY (id)",
    "models: UNIQUE (endpoint_id, name)",
    "models: FOREIGN KEY (endpoint_id) REFERENCES endpoints(id) ON DELETE CASCADE",
    "benchmark_results: PRIMARY KEY (id)",
    "benchmark_results: FOREIGN KEY (endpoint_id) REFERENCES endpoints(id) ON DELETE CASCADE",
    "benchmark_results: FOREIGN KEY (model_id) REFERENCES models(id) ON DELETE SET NULL",
    "metadata: PRIMARY KEY (key)",
    "schema_version: PRIMARY KEY (id)",
    "chat_history: PRIMARY KEY (id)",
    "user_selected_models: PRIMARY KEY (user_id)",
}
# Those beside the keys.
INDEXES = """
SELECT i.indrelid::regclass || ' ' || substring(pg_get_indexdef(i.indexrelid) FROM 'USING btree (.*)') AS text
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))
"""
EXPECTED_INDEXES = {
    *(f"endpoints ({column})" for column in ("ip", "verified", "is_active", "is_honeypot", "api_type")),
    "endpoints (verified, is_active)",
    "endpoints (verified, is_honeypot)",
    "verified_endpoints (endpoint_id)",
    "models (endpoint_id)",
    "models (name)",
    "benchmark_results (endpoint_id)",
    "benchmark_results (model_id)",
    "benchmark_results (test_date)",
    "metadata (key)",
    "chat_history (user_id)",
    "chat_history (model_id)",
}
# Indexes whose columns are a proper prefix of, or the same as, those of another one of the same table.
REDUNDANT = """
SELECT DISTINCT n.indexrelid::regclass::text AS name
FROM pg_index n
JOIN pg_index w ON w.indrelid = n.indrelid AND w.indexrelid <> n.indexrelid
 AND (w.indkey::int2[])[0:n.indnkeyatts - 1] = (n.indkey::int2[])[0:n.indnkeyatts - 1]
WHERE n.indrelid::regclass::text = ANY (%s) AND NOT n.indisunique
"""
SHAPE = {
    "endpoints": ("SELECT count(*) FROM endpoints", 15500),
    "verified": ("SELECT count(*) FROM endpoints WHERE verified = 1", 226),
    "flags that are neither 0 nor 1": ("SELECT count(*) FROM endpoints WHERE verified NOT IN (0, 1)", 0),
    "rows of the view": ("SELECT count(*) FROM servers", 222),
    "verified, not active": ("SELECT count(*) FROM endpoints WHERE verified = 1 AND NOT is_active", 107),
    "honeypots": ("SELECT count(*) FROM endpoints WHERE is_honeypot", 280),
    "active honeypots": ("SELECT count(*) FROM endpoints WHERE is_honeypot AND is_active", 216),
    "verified honeypots": ("SELECT count(*) FROM endpoints WHERE is_honeypot AND verified = 1", 4),
    "no verification date": ("SELECT count(*) FROM endpoints WHERE verification_date IS NULL", 14882),
    "96 percent of them": ("SELECT round(100.0 * 14882 / count(*)) FROM endpoints", 96),
    "verified without a date": (
        "SELECT count(*) FROM endpoints WHERE verified = 1 AND verification_date IS NULL",
        21,
    ),
    "no last check": ("SELECT count(*) FROM endpoints WHERE last_check_date IS NULL", 7751),
    "flag without row": (
        "SELECT count(*) FROM endpoints e WHERE verified = 1"
        " AND NOT EXISTS (SELECT FROM verified_endpoints v WHERE v.endpoint_id = e.id)",
        9,
    ),
    "row without flag": (
        "SELECT count(*) FROM verified_endpoints v JOIN endpoints e ON e.id = v.endpoint_id WHERE e.verified <> 1",
        5,
    ),
    "models": ("SELECT count(*) FROM models", 2000),
    "metadata": ("SELECT count(*) FROM metadata", 14),
    "benchmarks": ("SELECT count(*) FROM benchmark_results", 12),
    "benchmarks without their model": ("SELECT count(*) FROM benchmark_results WHERE model_id IS NULL", 3),
    "chat rows of no model": (
        "SELECT count(*) FROM chat_history c WHERE NOT EXISTS (SELECT FROM models m WHERE m.id = c.model_id)",
        2,
    ),
    "selections of no model": (
        "SELECT count(*) FROM user_selected_models c WHERE NOT EXISTS (SELECT FROM models m WHERE m.id = c.model_id)",
        1,
    ),
    "addresses that are not reserved": (
        "SELECT count(*) FROM endpoints WHERE NOT ip::inet <<= ANY (ARRAY['192.0.2.0/24', '198.51.100.0/24',"
        " '203.0.113.0/24', '2001:db8::/32', '10.0.0.0/8']::inet[])",
        0,
    ),
    "kinds of reserved addresses": (
        "SELECT count(DISTINCT network(set_masklen(ip::inet, CASE family(ip::inet) WHEN 6 THEN 32 ELSE 8 END)))"
        " FROM endpoints",
        5,
    ),
    "dates that are not past": (
        "SELECT count(*) FROM endpoints"
        " WHERE greatest(scan_date, verification_date, last_check_date) > '2026-09-01 00:00:00+00'",
        0,
    ),
    "checks before the scan": (
        "SELECT count(*) FROM endpoints WHERE least(verification_date, last_check_date) < scan_date",
        0,
    ),
    "identifiers that are the same in both tables": (
        "SELECT count(*) FROM verified_endpoints WHERE id = endpoint_id",
        0,
    ),
}
