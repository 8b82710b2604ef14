"""The tables of `state`. They share the book's SQLite file: a change and its record commit in one transaction.

state_meta    version of these tables
state_tenant  who pays
state_key     who speaks: the SHA-256 of the whole key, never the key
state_cap     ceilings of a scope (`tenant:ID`, `key:ID`), each as `limits.accounts.Cap` writes itself
state_tools   allow-lists of tools: of a tenant, key, run (with its ancestors') or a run's plan, as JSON
state_stop    scopes (`tenant:ID`, `key:ID`) whose kill switch is on
state_warned  soft caps whose reaching was told, until their window ends
state_run     runs, declared or inferred; the ledger's journal in the book has what they spent
state_approval questions to approvers, their answers and what became of them (`gateway.approvals`)
state_pin     what MCP servers say of their tools, as pinned, and the hash of what they say now
state_reply   sealed replies of calls with an Idempotency-Key, for a day (`gateway.replies`)
state_bond    ids that a provider minted, bound to the key that got them (`gateway.bonds`)
state_trace   ids that lead back to the run in which a key got them (`gateway.bonds`)
state_alias   what an upstream calls the tool calls whose ids were minted anew, and the other way (`gateway.aliases`)
state_vault   what the placeholders of a run stand for, sealed (`gateway.vaults`); goes when the run ends
state_delivery  how many of the book's records each receiver has (`gateway.delivery`)

The book tells who changed what, and when; these tables only say how things stand.
"""

FORMAT = 2

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS state_meta(name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
    f"INSERT INTO state_meta VALUES('format', '{FORMAT}') ON CONFLICT DO NOTHING",
    """CREATE TABLE IF NOT EXISTS state_tenant(
        id TEXT PRIMARY KEY, name TEXT NOT NULL, time_zone TEXT NOT NULL, disabled INTEGER NOT NULL,
        made_us INTEGER NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS state_key(
        id TEXT PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, name TEXT NOT NULL, tenant TEXT NOT NULL,
        profile TEXT NOT NULL, role TEXT NOT NULL, models TEXT, expires_us INTEGER, revoked INTEGER NOT NULL,
        made_us INTEGER NOT NULL) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS state_cap(scope TEXT, cap TEXT, PRIMARY KEY(scope, cap)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS state_tools(scope TEXT PRIMARY KEY, tools TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE IF NOT EXISTS state_warned(
        scope TEXT, cap TEXT, ends_us INTEGER NOT NULL, PRIMARY KEY(scope, cap)) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS state_stop(scope TEXT PRIMARY KEY) WITHOUT ROWID",
    """CREATE TABLE IF NOT EXISTS state_run(
        id TEXT PRIMARY KEY, tenant TEXT NOT NULL, key TEXT NOT NULL, parent TEXT, profile TEXT NOT NULL,
        limits TEXT NOT NULL, opened_us INTEGER NOT NULL, expires_us INTEGER NOT NULL, status TEXT NOT NULL,
        origin TEXT NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS state_run_expires ON state_run(expires_us)",
    """CREATE TABLE IF NOT EXISTS state_reply(
        id TEXT PRIMARY KEY, key TEXT NOT NULL, call TEXT NOT NULL, fingerprint BLOB NOT NULL, sealed BLOB NOT NULL,
        degraded TEXT, expires_us INTEGER NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS state_reply_expires ON state_reply(expires_us)",
    """CREATE TABLE IF NOT EXISTS state_approval(
        id TEXT PRIMARY KEY, tenant TEXT NOT NULL, key TEXT NOT NULL, run TEXT, tool TEXT NOT NULL, call TEXT NOT NULL,
        arguments TEXT NOT NULL, policy TEXT NOT NULL, rule TEXT NOT NULL, sealed BLOB NOT NULL,
        made_us INTEGER NOT NULL, expires_us INTEGER NOT NULL, status TEXT NOT NULL, decided_by TEXT, reply TEXT)""",
    "CREATE INDEX IF NOT EXISTS state_approval_expires ON state_approval(expires_us)",
    """CREATE TABLE IF NOT EXISTS state_bond(
        name BLOB PRIMARY KEY, target TEXT NOT NULL, tokens INTEGER NOT NULL, expires_us INTEGER NOT NULL)
        WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS state_bond_expires ON state_bond(expires_us)",
    """CREATE TABLE IF NOT EXISTS state_trace(
        name BLOB PRIMARY KEY, run TEXT NOT NULL, nano INTEGER NOT NULL, expires_us INTEGER NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS state_trace_expires ON state_trace(expires_us)",
    """CREATE TABLE IF NOT EXISTS state_alias(
        name BLOB PRIMARY KEY, said TEXT NOT NULL, expires_us INTEGER NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS state_alias_expires ON state_alias(expires_us)",
    "CREATE TABLE IF NOT EXISTS state_delivery(name TEXT PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID",
    """CREATE TABLE IF NOT EXISTS state_pin(
        server TEXT, tool TEXT, said TEXT NOT NULL, sha256 TEXT NOT NULL, seen TEXT NOT NULL,
        PRIMARY KEY(server, tool)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS state_vault(
        run TEXT NOT NULL, tenant TEXT NOT NULL, sealed BLOB NOT NULL, expires_us INTEGER NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS state_vault_run ON state_vault(run)",
    "CREATE INDEX IF NOT EXISTS state_vault_expires ON state_vault(expires_us)",
)
"""Statements that make what is missing, for `audit.book.Book.open(schema=...)`."""
