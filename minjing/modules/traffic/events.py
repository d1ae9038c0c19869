"""What traffic writes into the ledger: names, and payloads of ids, kinds and days only."""

VEHICLE_REGISTERED = "traffic:vehicle:registered"  # {vehicle, kind, matter, by}
VEHICLE_CHANGED = "traffic:vehicle:changed"  # {vehicle, what: names of the facts, why, matter, by}
LICENCE_ISSUED = "traffic:licence:issued"
LICENCE_CHANGED = "traffic:licence:changed"
TAKEN_OVER = "traffic:register:taken_over"  # {register, count, by}: a whole stock from another system, one entry
DISPATCH_ADMITTED = "traffic:dispatch:admitted"  # a system may send; {system, by}
DISPATCH_REFUSED = "traffic:dispatch:refused"  # an unknown token, a wrong message; {why}
TRACKS_TAKEN = "traffic:tracks:taken"  # {batch, system, missions, fixes, digest, findings}: never where
TRACKS_HELD = "traffic:tracks:held"
TRACKS_RELEASED = "traffic:tracks:released"  # {batch, as, shift_s, by}
TRACKS_DISCARDED = "traffic:tracks:discarded"
YIELDING_FOUND = "traffic:yielding:found"  # {candidate, violation, mission}
YIELDING_CONFIRMED = "traffic:yielding:confirmed"  # the violation is struck by the same act
YIELDING_REJECTED = "traffic:yielding:rejected"
YIELDING_REFUSED = "traffic:yielding:refused"  # an officer and an own car, a second decision
YIELDING_ASKED = "traffic:yielding:asked"  # a driver said so; {violation, found}
YIELDING_REPORTED = "traffic:yielding:reported"  # a recorder saw somebody not make way; {violation, mission}
TRACKS_REPLAYED = "traffic:tracks:replayed"  # a supervisor watched a mission; {mission, by}
