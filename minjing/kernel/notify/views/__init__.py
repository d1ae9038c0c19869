"""Pages and callbacks of notify."""
