"""Vendors' forms of requests and replies, each behind the same neutral view. A new dialect is one file."""
