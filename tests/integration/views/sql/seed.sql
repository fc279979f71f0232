-- Few rows, each with a part to play; run as the owner after the objects.
INSERT INTO endpoints (id, ip, port, scan_date, verified, verification_date, api_version) VALUES
    (1, '192.0.2.1', 11434, '2024-01-01 00:00:00+00', 1, '2024-01-02 00:00:00+00', '0.1'),
    (2, '192.0.2.2', 11434, '2024-02-01 00:00:00+00', 1, '2024-02-02 00:00:00+00', '0.2'),
    (3, '192.0.2.3', 11434, '2023-05-05 00:00:00+00', 0, NULL, '0.3'),
    (4, '2001:db8::4', 11434, NULL, 1, '2024-04-02 00:00:00+00', NULL);
INSERT INTO verified_endpoints (endpoint_id, verification_date) VALUES
    (1, '2024-01-02 00:00:00+00'), (2, '2024-02-02 00:00:00+00'), (4, '2024-04-02 00:00:00+00');
INSERT INTO models (id, endpoint_id, name) VALUES (1, 1, 'llama'), (2, 1, 'mistral'), (3, 2, 'qwen');
INSERT INTO benchmark_results (endpoint_id, model_id) VALUES (1, 1), (1, 2), (2, 3);
SELECT setval('endpoints_id_seq', 100), setval('models_id_seq', 100);

INSERT INTO parts (code, price, amount, label, facts, raw) VALUES
    ('bolt', 1.0, 4, 'a bolt', '{"weight": 1.0}', '{"made": 1}'),
    ('nut', 0.5, 8, 'a nut', NULL, NULL);
INSERT INTO part_notes (part_id, note) VALUES (1, 'first'), (2, 'second');
