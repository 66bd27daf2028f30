"""The Grafana dashboard as code, and what Grafana is provisioned with."""
