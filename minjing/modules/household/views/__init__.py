"""The register's own pages and its corner of the JSON API."""
