"""What no part owns: the storeys, the model of a matter, faults, journeys in a real browser, the table of trouble."""
