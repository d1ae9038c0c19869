"""What a violation costs and why: dated rules as data, evaluated as of the violation's time, replayed when one falls.

`packs` reads what the YAML says, `lint` refuses what two rules would both decide, `evaluate` answers for one
violation, `cascade` for a subject's whole history, `columns` the same for millions of rows at once.
"""
