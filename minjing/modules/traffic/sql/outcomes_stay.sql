-- What an evaluation came to, and why a violation fell, are appended and never altered, whatever the code does.
CREATE TRIGGER traffic_outcome_stays BEFORE UPDATE OR DELETE ON traffic_outcome
    FOR EACH ROW EXECUTE FUNCTION traffic_history_stays();
CREATE TRIGGER traffic_strike_stays BEFORE UPDATE OR DELETE ON traffic_strike
    FOR EACH ROW EXECUTE FUNCTION traffic_history_stays();
