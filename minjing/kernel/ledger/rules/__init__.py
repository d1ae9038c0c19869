"""The ledger's maths and formats: pure, no database, no clock, no files.

`tree` hashes, grows and proves (RFC 6962), `tiles` names the parts (C2SP tlog-tiles), `note` is the signed
text (C2SP signed-note, tlog-checkpoint), `cosignature` a witness's word under it (tlog-cosignature), `policy` says
whom we believe (tlog-policy), `receipt` what a resident keeps (tlog-proof), `promise` what is signed before that;
`public` is what outsiders see of an entry.
"""
