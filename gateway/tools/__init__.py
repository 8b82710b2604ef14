"""Rules for tool calls, free of HTTP: schemas, the trail of a run's calls, what an answer proposes."""
