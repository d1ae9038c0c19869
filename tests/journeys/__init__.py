"""The main journeys in Chromium against the real processes."""
