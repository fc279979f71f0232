-- crew may use every object, clerk the views and nothing else.
DO $roles$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'crew') THEN
        CREATE ROLE crew LOGIN;
        CREATE ROLE clerk LOGIN;
    END IF;
END
$roles$;
GRANT ALL ON ALL TABLES IN SCHEMA public TO crew;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO crew;
GRANT SELECT, INSERT, UPDATE, DELETE ON servers, stock, model_hosts TO clerk;
