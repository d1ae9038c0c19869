"""What exit and entry writes into the ledger: names, and payloads of ids, kinds and days only."""

ISSUED = "exit_entry:document:issued"  # {document, kind, matter, by}: decided, on its way to the makers
MADE = "exit_entry:document:made"  # valid from now on; the one it replaces is cancelled by the same act
CANCELLED = "exit_entry:document:cancelled"
LOST = "exit_entry:document:lost"  # void at once
HANDED_OVER = "exit_entry:document:handed_over"
ANNOTATED = "exit_entry:document:annotated"
TAKEN_OVER = "exit_entry:document:taken_over"  # a whole stock from another system: one entry, counts only
ENDORSED = "exit_entry:endorsement:issued"
WRITTEN = "exit_entry:endorsement:written"
CERTIFIED = "exit_entry:records:certified"  # {person, matter, by}: how many crossings, never which
POSTED = "exit_entry:shipment:ordered"
MOVED = "exit_entry:shipment:moved"
FORGED = "exit_entry:shipment:refused"  # a push whose signature is not the carrier's
PUT = "exit_entry:pick_up:put"
OPENED = "exit_entry:pick_up:opened"
CODE_REFUSED = "exit_entry:pick_up:refused"
RUN_OUT = "exit_entry:pick_up:run_out"
SLOT_REFUSED = "exit_entry:slot:refused"
