"""What traffic decides from data alone: plates, penalties, yielding, stars. No Django, no clock, no I/O."""
