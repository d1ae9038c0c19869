"""What traffic writes into the ledger: names, and payloads of ids, kinds and days only."""

VEHICLE_REGISTERED = "traffic:vehicle:registered"  # {vehicle, kind, matter, by}
VEHICLE_CHANGED = "traffic:vehicle:changed"  # {vehicle, what: names of the facts, why, matter, by}
LICENCE_ISSUED = "traffic:licence:issued"
LICENCE_CHANGED = "traffic:licence:changed"
TAKEN_OVER = "traffic:register:taken_over"  # {register, count, by}: a whole stock from another system, one entry
