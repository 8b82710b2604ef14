"""Numbers and time: money, ledger, rates, runs, loops, breakers, deadlines. Knows no HTTP and nothing of ours."""
