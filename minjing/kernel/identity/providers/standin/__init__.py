"""Stand-ins: a card reader without a reader, and cards and faces of nobody."""
