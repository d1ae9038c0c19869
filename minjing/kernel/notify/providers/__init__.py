"""The outside of notify: SMS providers, and the stand-in that speaks their protocol."""
