"""The least a Django program can do that keeps what is posted: one view, one INSERT, no middleware."""
