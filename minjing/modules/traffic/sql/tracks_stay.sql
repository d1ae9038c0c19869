-- What came in is evidence: a track is appended, deleted whole when its time is over, and never altered.
CREATE TRIGGER traffic_trackpart_stays BEFORE UPDATE ON traffic_trackpart
    FOR EACH ROW EXECUTE FUNCTION traffic_history_stays();
