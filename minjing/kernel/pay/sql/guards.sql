-- What an order was paid and given back: sums of rows that cannot be altered, and nothing else. There is no column
-- beside it that could say otherwise.
CREATE VIEW pay_balance AS
SELECT o.id AS order_id, o.org_id, o.due_fen, o.state,
    coalesce(c.paid_fen, 0) AS paid_fen,
    coalesce(c.settled_fen, 0) AS settled_fen,
    coalesce(r.refunded_fen, 0) AS refunded_fen,
    coalesce(r.refunding_fen, 0) AS refunding_fen
FROM pay_order o
LEFT JOIN LATERAL (
    SELECT sum(fen) AS paid_fen, sum(fen) FILTER (WHERE role = 'settles') AS settled_fen
    FROM pay_capture WHERE order_id = o.id
) c ON true
LEFT JOIN LATERAL (
    SELECT sum(fen) FILTER (WHERE state = 'done') AS refunded_fen,
        sum(fen) FILTER (WHERE state IN ('proposed', 'due', 'pending')) AS refunding_fen
    FROM pay_refund WHERE order_id = o.id
) r ON true;

CREATE FUNCTION pay_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are kept', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

-- A capture is what the gateway took. Only the part that refunds claim may move.
CREATE FUNCTION pay_capture_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - 'refunding_fen') IS DISTINCT FROM (to_jsonb(OLD) - 'refunding_fen') THEN
        RAISE EXCEPTION 'a capture cannot be altered: money goes back by a refund' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER capture_is_kept BEFORE UPDATE OR DELETE ON pay_capture
    FOR EACH ROW EXECUTE FUNCTION pay_capture_is_kept();

-- An order keeps what it is and its items; a refund keeps its amount; the states follow the graph of rules/states.py.
CREATE FUNCTION pay_order_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - '{waived_fen,due_fen,state,closed_at,receipt_id}'::text[])
        IS DISTINCT FROM (to_jsonb(OLD) - '{waived_fen,due_fen,state,closed_at,receipt_id}'::text[])
        OR (NEW.state <> OLD.state AND NOT (OLD.state, NEW.state) IN
            (('open', 'settled'), ('open', 'expired'), ('open', 'cancelled'), ('settled', 'returned')))
        OR (NEW.waived_fen <> OLD.waived_fen AND OLD.state <> 'open') THEN
        RAISE EXCEPTION 'an order cannot be altered so: % to %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER order_is_kept BEFORE UPDATE OR DELETE ON pay_order
    FOR EACH ROW EXECUTE FUNCTION pay_order_is_kept();
CREATE TRIGGER item_is_kept BEFORE UPDATE OR DELETE ON pay_item FOR EACH ROW EXECUTE FUNCTION pay_refuse();

CREATE FUNCTION pay_refund_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (NEW.order_id, NEW.capture_id, NEW.number, NEW.fen, NEW.cause, NEW.asked_by)
        IS DISTINCT FROM (OLD.order_id, OLD.capture_id, OLD.number, OLD.fen, OLD.cause, OLD.asked_by)
        OR (NEW.state <> OLD.state AND OLD.state IN ('done', 'failed', 'rejected')) THEN
        RAISE EXCEPTION 'a refund cannot be altered so' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refund_is_kept BEFORE UPDATE OR DELETE ON pay_refund
    FOR EACH ROW EXECUTE FUNCTION pay_refund_is_kept();

CREATE FUNCTION pay_attempt_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (NEW.order_id, NEW.number, NEW.fen, NEW.channel, NEW.begun_at)
        IS DISTINCT FROM (OLD.order_id, OLD.number, OLD.fen, OLD.channel, OLD.begun_at)
        OR (NEW.state <> OLD.state AND (OLD.state = 'captured' OR (OLD.state = 'closed' AND NEW.state <> 'captured')))
    THEN
        RAISE EXCEPTION 'an attempt cannot be altered so' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER attempt_is_kept BEFORE UPDATE OR DELETE ON pay_attempt
    FOR EACH ROW EXECUTE FUNCTION pay_attempt_is_kept();

-- At the end of the transaction the books agree: what is waived is the sum of the waivers granted; a settled order
-- has a capture that reaches what is due, and no order has one without being settled.
CREATE FUNCTION pay_order_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    o pay_order;
    settled bigint;
BEGIN
    SELECT * INTO o FROM pay_order
    WHERE id = CASE TG_TABLE_NAME WHEN 'pay_order' THEN (to_jsonb(NEW) ->> 'id')::uuid
        ELSE (to_jsonb(NEW) ->> 'order_id')::uuid END;
    IF o.total_fen <> (SELECT coalesce(sum(fen), 0) FROM pay_item WHERE order_id = o.id) THEN
        RAISE EXCEPTION 'order %: its items do not add up', o.id USING ERRCODE = 'check_violation';
    END IF;
    IF o.waived_fen <> (SELECT coalesce(sum(fen), 0) FROM pay_waiver WHERE order_id = o.id AND state = 'granted') THEN
        RAISE EXCEPTION 'order %: its waivers do not add up', o.id USING ERRCODE = 'check_violation';
    END IF;
    SELECT coalesce(sum(fen), 0) INTO settled FROM pay_capture WHERE order_id = o.id AND role = 'settles';
    IF (o.state IN ('settled', 'returned') AND settled < o.due_fen)
        OR (o.state NOT IN ('settled', 'returned') AND settled > 0) THEN
        RAISE EXCEPTION 'order % is % with % of % fen captured', o.id, o.state, settled, o.due_fen
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER order_adds_up AFTER INSERT OR UPDATE ON pay_order
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pay_order_adds_up();
CREATE CONSTRAINT TRIGGER capture_settles_its_order AFTER INSERT ON pay_capture
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pay_order_adds_up();
CREATE CONSTRAINT TRIGGER waiver_adds_up AFTER INSERT OR UPDATE ON pay_waiver
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pay_order_adds_up();

-- What refunds claim of a capture is the sum of those that are neither refused nor failed; its own check constraint
-- keeps that within what was taken.
CREATE FUNCTION pay_refunds_add_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_capture uuid := CASE TG_TABLE_NAME WHEN 'pay_capture' THEN (to_jsonb(NEW) ->> 'id')::uuid
        ELSE (to_jsonb(NEW) ->> 'capture_id')::uuid END;
BEGIN
    IF (SELECT refunding_fen FROM pay_capture WHERE id = of_capture) <> (
        SELECT coalesce(sum(fen), 0) FROM pay_refund
        WHERE capture_id = of_capture AND state IN ('proposed', 'due', 'pending', 'done')) THEN
        RAISE EXCEPTION 'capture %: its refunds do not add up', of_capture USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER refunds_add_up AFTER INSERT OR UPDATE ON pay_refund
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pay_refunds_add_up();
CREATE CONSTRAINT TRIGGER capture_refunds_add_up AFTER INSERT OR UPDATE ON pay_capture
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pay_refunds_add_up();
