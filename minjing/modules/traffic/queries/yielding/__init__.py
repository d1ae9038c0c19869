"""Reading for the ambulance that clears the way: limits, ground, tracks, candidates, replays."""
