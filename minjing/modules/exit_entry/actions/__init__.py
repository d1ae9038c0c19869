"""What changes documents: each act writes its ledger entries in the same transaction."""
