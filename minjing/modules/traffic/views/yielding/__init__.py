"""Pages and doors of the ambulance that clears the way."""
