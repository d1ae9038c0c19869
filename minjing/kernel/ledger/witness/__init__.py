"""A witness: a small process of its own that cosigns a log's checkpoints only while the log does nothing but grow.

It needs no database and no framework, only the ledger's formats (`ledger.rules`), so that a court, a university or a
newspaper can run it on any machine: `minjing witness init`, `minjing witness run`.
"""
