fill AS (
    INSERT INTO procrastinate_jobs (queue_name, task_name, args, queueing_lock)
    SELECT 'booking', 'booking.fill', jsonb_build_object('place_id', w.place_id, 'day', w.day),
        'booking.fill:' || w.place_id || ':' || w.day
    FROM (SELECT DISTINCT b.place_id, b.day FROM before b JOIN booking_wait w
        ON w.place_id = b.place_id AND w.day = b.day AND w.state = 'waiting') AS w
    ON CONFLICT DO NOTHING
)
