"""Everything that moves money or what is owed: one transaction each, its ledger entry inside."""
