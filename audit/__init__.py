"""The book: bytes in, proofs out. Knows no HTTP and nothing of ours."""
