"""Everything between the topic and the stores: domain, ports, adapters, and the one loop."""
