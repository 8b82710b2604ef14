"""What the API creates (tenants, keys, caps, runs), as tables beside the book in its SQLite file."""
