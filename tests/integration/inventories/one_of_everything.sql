-- A database that holds one of nearly everything, with names that need care.
CREATE SCHEMA "Odd.Schema";
COMMENT ON SCHEMA "Odd.Schema" IS 'Line one
line "two"';
CREATE EXTENSION btree_gist;
CREATE EXTENSION citext SCHEMA "Odd.Schema";
CREATE EXTENSION file_fdw;

CREATE TYPE state AS ENUM ('new', 'it''s done', 'gone');
COMMENT ON TYPE state IS 'How far it is';
CREATE DOMAIN email AS text COLLATE "C" DEFAULT 'nobody@example.org' NOT NULL CONSTRAINT has_at CHECK (VALUE LIKE '%@%');
CREATE DOMAIN short AS varchar(10) CHECK (VALUE IN ('a', 'b'));
CREATE TYPE "Odd.Schema"."A Place" AS (x numeric(5,2), "y ""z""" text[]);
CREATE TYPE span AS RANGE (subtype = float8);

CREATE SEQUENCE counter AS smallint START 5 INCREMENT 5 MAXVALUE 500 CACHE 3 CYCLE;
COMMENT ON SEQUENCE counter IS 'Numbers of tickets';

CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY (START 100) PRIMARY KEY,
    mail email,
    kind varchar(10) DEFAULT 'plain' CHECK (kind IN ('plain', 'gold', 'it''s, "odd" (x)]')),
    nick "Odd.Schema".citext COLLATE "C",
    place "Odd.Schema"."A Place",
    levels integer[] DEFAULT '{1,2}',
    during span,
    whole text GENERATED ALWAYS AS (lower(kind)) STORED,
    gone integer,
    state state NOT NULL DEFAULT 'new',
    CONSTRAINT unique_mail UNIQUE (mail) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT no_overlap EXCLUDE USING gist (id WITH =, kind WITH =) WHERE (kind <> 'gold')
);
ALTER TABLE customers DROP COLUMN gone;
ALTER TABLE customers ALTER COLUMN kind SET STATISTICS 500;
ALTER TABLE customers ADD CONSTRAINT later CHECK (id > -5 AND kind NOT IN ('x', 'y')) NOT VALID;
COMMENT ON TABLE customers IS 'Who buys';
COMMENT ON COLUMN customers.kind IS 'Rank';
COMMENT ON CONSTRAINT unique_mail ON customers IS 'One each';
CREATE INDEX "by Nick" ON customers (lower(kind) DESC NULLS LAST, id) INCLUDE (levels) WITH (fillfactor = 70)
    WHERE kind IN ('plain', 'gold');
COMMENT ON INDEX "by Nick" IS 'For the search';
CREATE INDEX customers_levels ON customers USING gin (levels);

CREATE TABLE "Odd.Schema"."Order ""Items""" (
    "Customer" bigint REFERENCES customers ON DELETE CASCADE ON UPDATE RESTRICT DEFERRABLE,
    number integer DEFAULT nextval('counter'),
    id serial,
    "größe" numeric(12,2) CHECK ("größe" BETWEEN 0 AND 1e6),
    PRIMARY KEY ("Customer", number)
);
ALTER TABLE "Odd.Schema"."Order ""Items""" SET (autovacuum_vacuum_scale_factor = 0.05, fillfactor = 90);
ALTER TABLE "Odd.Schema"."Order ""Items""" REPLICA IDENTITY FULL;
CREATE UNLOGGED TABLE scratch (a integer, b integer, CHECK (a < b) NO INHERIT);

CREATE TABLE base (id integer NOT NULL, noted timestamptz DEFAULT now(), CHECK (id > 0));
CREATE TABLE derived (more text) INHERITS (base);

CREATE TABLE events (id bigint, at timestamptz NOT NULL, customer bigint REFERENCES customers, PRIMARY KEY (id, at))
    PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01 00:00:00+00') TO ('2026-01-01 00:00:00+00');
CREATE TABLE before_events (at timestamptz NOT NULL, customer bigint, id bigint NOT NULL, old text);
ALTER TABLE before_events DROP COLUMN old;
ALTER TABLE before_events ADD CONSTRAINT its_own_key PRIMARY KEY (id, at);
ALTER TABLE before_events ADD CONSTRAINT its_own_reference FOREIGN KEY (customer) REFERENCES customers;
ALTER TABLE events ATTACH PARTITION before_events DEFAULT;
CREATE INDEX ON events (customer);
CREATE TABLE event_notes (event bigint, at timestamptz, note text, FOREIGN KEY (event, at) REFERENCES events);

CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$ BEGIN RETURN NEW; END $$;
COMMENT ON FUNCTION touch() IS 'Does nothing';
REVOKE EXECUTE ON FUNCTION touch() FROM PUBLIC;
CREATE FUNCTION "Odd.Schema".add(a integer, b integer DEFAULT 2) RETURNS integer LANGUAGE sql IMMUTABLE STRICT
    SECURITY DEFINER PARALLEL SAFE AS 'SELECT a + b';
CREATE FUNCTION pairs(OUT a integer, OUT b text) RETURNS SETOF record LANGUAGE sql
    BEGIN ATOMIC SELECT 1, kind FROM customers; END;
CREATE PROCEDURE work(INOUT a integer) LANGUAGE plpgsql AS $$ BEGIN a := 1; END $$;
CREATE AGGREGATE product(integer) (SFUNC = int4mul, STYPE = integer, INITCOND = '1');

CREATE TRIGGER touched BEFORE INSERT OR UPDATE OF kind ON customers FOR EACH ROW WHEN (NEW.kind IN ('a', 'b'))
    EXECUTE FUNCTION touch();
COMMENT ON TRIGGER touched ON customers IS 'Watches';
CREATE TRIGGER "Odd Trigger" AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION touch();
CREATE CONSTRAINT TRIGGER at_the_end AFTER DELETE ON customers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION touch();
ALTER TABLE customers DISABLE TRIGGER at_the_end;

CREATE VIEW plain_view AS SELECT id, kind FROM customers WHERE kind IN ('plain', 'gold') WITH CHECK OPTION;
CREATE VIEW "Odd.Schema"."Joined" AS
    SELECT c.id, c.kind AS "Kind", count(*) AS number FROM customers c JOIN "Odd.Schema"."Order ""Items""" o
        ON o."Customer" = c.id GROUP BY c.id, c.kind;
COMMENT ON VIEW "Odd.Schema"."Joined" IS 'How many';
COMMENT ON COLUMN "Odd.Schema"."Joined".number IS 'Of items';
CREATE VIEW by_trigger AS SELECT c.id, o.number FROM customers c JOIN "Odd.Schema"."Order ""Items""" o
    ON o."Customer" = c.id;
CREATE TRIGGER instead INSTEAD OF INSERT ON by_trigger FOR EACH ROW EXECUTE FUNCTION touch();
CREATE RULE "no delete" AS ON DELETE TO by_trigger DO INSTEAD NOTHING;
CREATE MATERIALIZED VIEW summed AS SELECT kind, count(*) AS number FROM customers GROUP BY kind;
CREATE UNIQUE INDEX ON summed (kind);

CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE passwords (name text, shell text DEFAULT 'sh') SERVER files
    OPTIONS (filename '/etc/passwd', format 'text');

ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY "own rows" ON customers FOR UPDATE TO inventory_reader USING (kind IN ('plain', 'gold')) WITH CHECK (true);
GRANT SELECT, UPDATE (kind) ON customers TO inventory_reader;
GRANT INSERT ON customers TO inventory_reader WITH GRANT OPTION;
GRANT USAGE ON SCHEMA "Odd.Schema" TO PUBLIC;
REVOKE DELETE ON base FROM CURRENT_USER;
ALTER TABLE scratch OWNER TO inventory_owner;
