"""What Minjing is measured by: each benchmark beside its peers, in one run, on one PostgreSQL with fsync on."""
