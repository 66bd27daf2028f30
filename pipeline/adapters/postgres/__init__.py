"""PostgreSQL: tables, the pooled engine, watermarks, the id ledger, keys and notifications."""
