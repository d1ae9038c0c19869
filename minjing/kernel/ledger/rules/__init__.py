"""The ledger's maths and formats: pure, no database, no clock, no files.

`tree` hashes, grows and proves (RFC 6962), `tiles` names the parts (C2SP tlog-tiles), `note` is the signed
text (C2SP signed-note, tlog-checkpoint), `public` is what outsiders see of an entry.
"""
