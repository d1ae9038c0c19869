"""What writes in the traffic registers: one transaction an act, its ledger entry in it."""
