"""The way out: targets, one request at a time to a provider, its reply bounded, its failures as data."""
