"""The ambulance that clears the way: which violations a passing ambulance explains.

What counts as a hit is said once, in `reference.py`, slowly and plainly; `matching.py` finds the same hits for a
whole day at once. `tracks.py` notices what is wrong with a batch of fixes, `systems.py` coordinates in a system that
they do not say.
"""
