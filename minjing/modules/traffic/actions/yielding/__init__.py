"""Writing for the ambulance that clears the way: take in, hold, match, decide, answer a driver, report."""
