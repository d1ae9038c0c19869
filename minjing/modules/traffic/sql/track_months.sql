-- Tracks by month, so that a month which is over is dropped as one; the default partition catches what has no month yet.
ALTER TABLE traffic_trackpart RENAME TO traffic_trackpart_whole;
CREATE TABLE traffic_trackpart (LIKE traffic_trackpart_whole INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
    PARTITION BY RANGE (first_at);
CREATE TABLE traffic_trackpart_rest PARTITION OF traffic_trackpart DEFAULT;
INSERT INTO traffic_trackpart SELECT * FROM traffic_trackpart_whole;
DROP TABLE traffic_trackpart_whole;
ALTER TABLE traffic_trackpart ADD CONSTRAINT traffic_trackpart_pkey PRIMARY KEY (id, first_at);
ALTER TABLE traffic_trackpart ADD CONSTRAINT traffic_trackpart_mission_fk
    FOREIGN KEY (mission_id) REFERENCES traffic_mission (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE traffic_trackpart ADD CONSTRAINT traffic_trackpart_batch_fk
    FOREIGN KEY (batch_id) REFERENCES traffic_batch (id) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX traffic_trackpart_mission_id_ix ON traffic_trackpart (mission_id);
CREATE INDEX traffic_trackpart_batch_id_ix ON traffic_trackpart (batch_id);
CREATE INDEX traffic_track_when ON traffic_trackpart (first_at);
