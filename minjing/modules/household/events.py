"""What the register writes into the ledger: names, and payloads of ids only."""

MEMBER_ADDED = "household:member:added"  # {member, household, person, relation, day, cause, matter, by}
MEMBER_LEFT = "household:member:left"
RELATION_CHANGED = "household:member:related"
ITEM_SET = "household:item:set"  # {person, item, day, matter, by}: which heading, never the value
OPENED = "household:household:opened"  # {household, kind, station, day, matter, by}
CLOSED = "household:household:closed"
NUMBER_ASSIGNED = "household:number:assigned"  # {person, day, matter, by}
BOOK_REISSUED = "household:book:reissued"
CERTIFIED = "household:person:certified"
