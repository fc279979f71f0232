-- Hand-written triggers for the views stock and model_hosts, in the manner of naive_triggers.sql.

CREATE OR REPLACE FUNCTION stock_insert_fn() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    INSERT INTO parts (code, price, amount, label, facts, raw)
    VALUES (NEW.code, COALESCE(NEW.price, 1.50), COALESCE(NEW.amount, 10), COALESCE(NEW.label, 'unnamed'), NEW.facts, NEW.raw)
    RETURNING id INTO NEW.id;
    INSERT INTO part_notes (part_id, note) VALUES (NEW.id, NEW.note) RETURNING ticket INTO NEW.ticket;
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION stock_update_fn() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    UPDATE parts
    SET code = NEW.code, price = NEW.price, amount = NEW.amount, label = NEW.label, facts = NEW.facts, raw = NEW.raw
    WHERE id = OLD.id;
    UPDATE part_notes SET ticket = NEW.ticket, note = NEW.note WHERE part_id = OLD.id;
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION stock_delete_fn() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    DELETE FROM parts WHERE id = OLD.id;
    RETURN OLD;
END
$function$;

CREATE OR REPLACE TRIGGER stock_insert INSTEAD OF INSERT ON stock
    FOR EACH ROW EXECUTE FUNCTION stock_insert_fn();
CREATE OR REPLACE TRIGGER stock_update INSTEAD OF UPDATE ON stock
    FOR EACH ROW EXECUTE FUNCTION stock_update_fn();
CREATE OR REPLACE TRIGGER stock_delete INSTEAD OF DELETE ON stock
    FOR EACH ROW EXECUTE FUNCTION stock_delete_fn();

CREATE OR REPLACE FUNCTION model_hosts_insert_fn() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    INSERT INTO models (endpoint_id, name)
    VALUES ((SELECT id FROM endpoints WHERE ip = NEW.ip AND port = NEW.port), NEW.name)
    RETURNING id INTO NEW.id;
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION model_hosts_update_fn() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    UPDATE models SET name = NEW.name WHERE id = OLD.id;
    UPDATE endpoints SET ip = NEW.ip, port = NEW.port WHERE ip = OLD.ip AND port = OLD.port;
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION model_hosts_delete_fn() RETURNS trigger
LANGUAGE plpgsql AS $function$
BEGIN
    DELETE FROM models WHERE id = OLD.id;
    RETURN OLD;
END
$function$;

CREATE OR REPLACE TRIGGER model_hosts_insert INSTEAD OF INSERT ON model_hosts
    FOR EACH ROW EXECUTE FUNCTION model_hosts_insert_fn();
CREATE OR REPLACE TRIGGER model_hosts_update INSTEAD OF UPDATE ON model_hosts
    FOR EACH ROW EXECUTE FUNCTION model_hosts_update_fn();
CREATE OR REPLACE TRIGGER model_hosts_delete INSTEAD OF DELETE ON model_hosts
    FOR EACH ROW EXECUTE FUNCTION model_hosts_delete_fn();
