"""Agent patterns as clients of the gateway over HTTP. Imports nothing else of ours."""
