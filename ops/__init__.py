"""Running Tidemark: command line, embedded engines, migrations, monitoring."""
