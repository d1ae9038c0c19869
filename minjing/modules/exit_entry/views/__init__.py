"""The pages of exit and entry, and where the carrier pushes."""
