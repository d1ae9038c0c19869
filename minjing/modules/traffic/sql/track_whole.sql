-- Tracks in one table again, as they were before they lay by month.
ALTER TABLE traffic_trackpart RENAME TO traffic_trackpart_months;
CREATE TABLE traffic_trackpart (LIKE traffic_trackpart_months INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
INSERT INTO traffic_trackpart SELECT * FROM traffic_trackpart_months;
DROP TABLE traffic_trackpart_months;
ALTER TABLE traffic_trackpart ADD CONSTRAINT traffic_trackpart_pkey PRIMARY KEY (id);
ALTER TABLE traffic_trackpart ADD CONSTRAINT traffic_trackpart_mission_fk
    FOREIGN KEY (mission_id) REFERENCES traffic_mission (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE traffic_trackpart ADD CONSTRAINT traffic_trackpart_batch_fk
    FOREIGN KEY (batch_id) REFERENCES traffic_batch (id) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX traffic_trackpart_mission_id_ix ON traffic_trackpart (mission_id);
CREATE INDEX traffic_trackpart_batch_id_ix ON traffic_trackpart (batch_id);
CREATE INDEX traffic_track_when ON traffic_trackpart (first_at);
