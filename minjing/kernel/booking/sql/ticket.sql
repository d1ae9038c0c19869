-- The next ticket number of a place and day.
UPDATE booking_day SET tickets = tickets + 1 WHERE place_id = %(place_id)s AND day = %(day)s::date RETURNING tickets
